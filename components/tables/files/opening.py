"""Opens files of a table, unpacked as they are read, as bytes or as text."""

import codecs
import contextlib
import gzip
import io
import os
import zipfile
import zlib
from typing import Any, BinaryIO, cast

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError
from components.tables.files.first_bytes import HEAD_BYTES, likely_utf16, marked_encoding, proven_kind
from components.tables.files.table_file import TableFile

_BUFFER_BYTES = 1 << 18
UTF8 = "utf-8-sig"

# What opening or reading a file may raise, beside wrong text: a damaged archive, a disk or network that fails.
READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError)


class _Bytes(io.RawIOBase):
    """Makes what `FileSystems.open` returns, which lacks parts of the file protocol, fit for Python's wrappers."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = cast(BinaryIO, FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED))

    def readable(self) -> bool:
        """Says that the file can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads into `buffer` as much as comes at once, at most its size."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seekable(self) -> bool:
        """Says whether `seek` works."""
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to another place, which it returns."""
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        """Returns the place."""
        return self._file.tell()

    def close(self) -> None:
        """Closes the file under it."""
        if not self.closed:
            self._file.close()
        super().close()


def open_packed(path: str) -> io.BufferedReader:
    """Opens a file as the bytes that lie there."""
    return io.BufferedReader(_Bytes(path), _BUFFER_BYTES)


def open_unpacked(file: TableFile) -> io.BufferedReader:
    """Opens a file as buffered bytes; an archive is unpacked piece by piece as it is read."""
    packed = open_packed(file.path)
    if file.compression == "none":
        return packed
    if file.compression == "gzip":
        # Beam would unpack it as well, but takes an archive that was cut off for a shorter one.
        unpacked: Any = gzip.GzipFile(fileobj=packed, mode="rb")
    else:
        archive = zipfile.ZipFile(packed)
        unpacked = archive.open(zip_members(archive)[0])
    return io.BufferedReader(cast(io.RawIOBase, unpacked), _BUFFER_BYTES)


def zip_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Lists the files in a zip archive, without folders and what macOS adds."""
    return [
        member for member in archive.infolist() if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]


def text_encoding(table: str, file: TableFile, opened: io.BufferedReader) -> str:
    """Returns how the text of an opened file is encoded; nothing is read past.

    A byte order mark counts more than what the configuration says, since it proves the encoding.

    Raises:
        InputError: The first bytes prove that it is no text.
    """
    head = opened.peek(HEAD_BYTES)[:HEAD_BYTES]
    kind = proven_kind(head)
    if kind is not None:
        what, advice = kind
        raise InputError(f"Table `{table}`: `{file.path}` should hold text but begins as {what}: {advice}.")
    encoding = marked_encoding(head) or file.encoding
    if encoding is None and (likely := likely_utf16(head)):
        raise InputError(
            f"Table `{table}`: `{file.path}` has a zero at each second byte, as UTF-16 without a byte order mark has. "
            f"Say `encoding: {likely}` with the table's path, or save the file as UTF-8."
        )
    return encoding or UTF8


@contextlib.contextmanager
def open_text(table: str, file: TableFile) -> Any:
    """Opens a file as text, line breaks as they stand.

    Raises:
        InputError: The first bytes prove that it is no text.
    """
    with open_unpacked(file) as opened:
        encoding = text_encoding(table, file, opened)
        with io.TextIOWrapper(opened, encoding=encoding, newline="") as text:
            yield text


def wrong_encoding_message(table: str, file: TableFile, line: int, error: UnicodeError) -> str:
    """Says where a text file stops being text in its encoding."""
    if not isinstance(error, UnicodeDecodeError):
        # UTF-16 and UTF-32 begin with a mark that says which of two bytes comes first.
        family = codecs.lookup(file.encoding or UTF8).name
        return (
            f"Table `{table}`: `{file.path}` is not text in `{file.encoding}`: {error}. Say which byte comes first, "
            f"with `encoding: {family}-le` or `encoding: {family}-be`, or save the file as UTF-8."
        )
    where = f"byte 0x{error.object[error.start]:02x} at or after line {line}"
    if file.encoding is None:
        return (
            f"Table `{table}`: `{file.path}` is not UTF-8 text: {where}. Say with the table's path how it is written, "
            "such as `encoding: windows-1252` (western Europe) or `encoding: gb18030` (China); `shelfwise init` shows "
            "how it reads in both. Or save the file as UTF-8."
        )
    return (
        f"Table `{table}`: `{file.path}` is not text in `{file.encoding}`: {where}. Mend `encoding`, which stands with "
        "the table's path; leave it out for UTF-8."
    )


def broken_off_message(table: str, file: TableFile, line: int, error: Exception) -> str:
    """Says that a text file could not be read to its end.

    Args:
        table: The table's name.
        file: The file.
        line: The last line that was read.
        error: One of `READ_ERRORS`.
    """
    return f"Table `{table}`: `{file.path}` cannot be read after line {line}: {error}. Write the file anew."
