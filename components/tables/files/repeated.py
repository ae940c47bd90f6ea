"""Files that were delivered twice: the second one of the same content is not read again."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from apache_beam.io.filesystems import CompressionTypes, FileSystems

from components.errors import InputError
from components.tables.files.opening import READ_ERRORS
from components.tables.files.table_file import TableFile

_CHUNK_BYTES = 1 << 20


class DistinctFiles(NamedTuple):
    """The files of a table, each content once.

    Attributes:
        files: Those that are read, in their order.
        repeated: Of the others, the path of each and of the file that has the same content.
    """

    files: list[TableFile]
    repeated: list[tuple[str, str]]


def distinct_files(table: str, files: Sequence[TableFile]) -> DistinctFiles:
    """Keeps the first file of each content; folders of Hive that stand for other values make it another one.

    Only files of one size are read for it.

    Args:
        table: The table's name, for messages.
        files: Its files.

    Raises:
        InputError: A file cannot be read.
    """
    sizes = Counter(file.size_bytes for file in files)
    first: dict[tuple[bytes, object], str] = {}
    found = DistinctFiles([], [])
    for file in files:
        if sizes[file.size_bytes] > 1:
            before = first.setdefault((file_digest(table, file.path), file.partition), file.path)
            if before != file.path:
                found.repeated.append((file.path, before))
                continue
        found.files.append(file)
    return found


def file_digest(table: str, path: str) -> bytes:
    """Returns the sha256 of a file's content.

    Raises:
        InputError: It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except READ_ERRORS as error:
        raise InputError(f"Table `{table}`: `{path}` cannot be read: {error}") from error
    return digest.digest()
