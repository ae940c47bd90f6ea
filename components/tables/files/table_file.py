"""One file of a table, and what is known of it before it is opened."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["parquet", "csv", "json_lines", "excel"]
Compression = Literal["none", "gzip", "zip"]


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """One file of a table.

    Attributes:
        path: Where it is, as Beam's filesystems name it.
        index: Its place among the table's files, which are in the order of their paths.
        format: How it is written.
        compression: What it is packed in.
        partition: Columns that the folders above it stand for, as `dt=2026-01-01` does, with their values (None for
            none); the file lacks them.
        separator: What stands between the fields of CSV; None where the first line says it.
        encoding: How text is encoded; None for UTF-8.
        names: Names of the columns of CSV without a header; empty where the first line has them.
        size_bytes: Its size, as it lies there.
    """

    path: str
    index: int
    format: Format
    compression: Compression = "none"
    partition: tuple[tuple[str, str | None], ...] = ()
    separator: str | None = None
    encoding: str | None = None
    names: tuple[str, ...] = ()
    size_bytes: int = 0
