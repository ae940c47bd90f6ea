"""Finds the files of a table and opens them."""

import gzip
import io
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, cast

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError

Format = Literal["parquet", "csv", "json_lines"]

_SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "json_lines",
    ".jsonl.gz": "json_lines",
    ".ndjson": "json_lines",
    ".ndjson.gz": "json_lines",
}

_BUFFER_BYTES = 1 << 18

# What opening or reading a text file may raise, beside wrong text: a damaged archive, a disk or network that fails.
READ_ERRORS = (OSError, EOFError, zlib.error)


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """One file of a table.

    Attributes:
        path: Where it is, as Beam's filesystems name it.
        index: Its place among the table's files, which are in the order of their paths.
        format: How it is written.
    """

    path: str
    index: int
    format: Format


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

    def close(self) -> None:
        """Closes the file under it."""
        if not self.closed:
            self._file.close()
        super().close()


def open_lines(path: str) -> io.BufferedReader:
    """Opens a file as buffered bytes, to be read line by line; one that ends with `.gz` is unpacked."""
    # Beam would unpack it as well, but takes an archive that was cut off for a shorter one.
    opened: io.BufferedReader = io.BufferedReader(_Bytes(path), _BUFFER_BYTES)
    if not path.lower().endswith(".gz"):
        return opened
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=opened, mode="rb")), _BUFFER_BYTES)


def open_csv(path: str) -> io.TextIOWrapper:
    """Opens a CSV file as text: UTF-8 with or without a byte order mark, line breaks as they stand."""
    return io.TextIOWrapper(open_lines(path), encoding="utf-8-sig", newline="")


def find_table_files(table: str, path: str) -> list[TableFile]:
    """Lists the files of a table.

    Args:
        table: The table's name, for messages.
        path: A file, a folder or a glob. Files whose names begin with `_` or `.` (the markers that Spark
            leaves) and folders are passed over unless named outright.

    Returns:
        The files in the order of their paths, all of one format.

    Raises:
        InputError: If nothing matches, a file's ending is unknown, or formats are mixed.
    """
    try:
        matched = _match(path)
    except Exception as error:
        raise InputError(f"Table `{table}`: cannot look for `{path}`: {error}. Check the path.") from error
    if not matched:
        raise InputError(
            f"Table `{table}`: expected a file, a folder or a glob, but nothing is at `{path}`. Check the path."
        )
    formats = {name: _format(table, name) for name in matched}
    if len(set(formats.values())) > 1:
        raise InputError(
            f"Table `{table}`: `{path}` mixes formats ({', '.join(sorted(set(formats.values())))}). "
            "Keep one format a table, for example with a glob such as `*.parquet`."
        )
    return [TableFile(path=name, index=index, format=formats[name]) for index, name in enumerate(matched)]


def not_utf8_message(table: str, path: str, line: int, error: UnicodeDecodeError) -> str:
    """Says where a text file stops being UTF-8."""
    return (
        f"Table `{table}`: `{path}` is not UTF-8 text: byte 0x{error.object[error.start]:02x} at or after line {line}. "
        "Save the file as UTF-8 (for example `iconv -f WINDOWS-1252 -t UTF-8`)."
    )


def _match(path: str) -> list[str]:
    # A name is tried as it stands first: it may hold brackets.
    if "*" not in path and FileSystems.exists(path):
        inside = FileSystems.match([path.rstrip("/") + "/*"])[0].metadata_list
        if not inside:
            return [path]
        names = [metadata.path for metadata in inside]
    else:
        names = [metadata.path for metadata in FileSystems.match([path])[0].metadata_list]
    return sorted(name for name in names if not _base_name(name).startswith(("_", ".")) and _base_name(name))


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _format(table: str, path: str) -> Format:
    name = _base_name(path).lower()
    for suffix, kind in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    raise InputError(
        f"Table `{table}`: the format of `{path}` is not known by its ending. "
        f"Expected one of {', '.join(_SUFFIXES)}; rename the file, or give a glob that leaves it out."
    )
