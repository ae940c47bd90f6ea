"""Parquet files on any filesystem that TensorFlow reads."""

import io
import os
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf


def read_parquet(pattern: str, columns: list[str] | None = None) -> pa.Table:
    """Reads the files that a glob names, in the order of their names, as one table.

    Raises:
        ValueError: There is no such file.
    """
    tables = []
    for file in _files(pattern):
        with tf.io.gfile.GFile(file, "rb") as stream:
            tables.append(pq.read_table(pa.BufferReader(stream.read()), columns=columns))
    return pa.concat_tables(tables)


def read_batches(pattern: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Reads the same files some rows at a time; memory holds these and what is read ahead of them.

    Args:
        pattern: A glob.
        rows: Rows of a batch at the most.

    Raises:
        ValueError: There is no such file.
    """
    for file in _files(pattern):
        with tf.io.gfile.GFile(file, "rb") as stream:
            yield from pq.ParquetFile(_PythonFile(stream)).iter_batches(rows)


class _PythonFile(io.RawIOBase):
    """One of TensorFlow's files as Python has them, which Arrow wants; only as long as the file is open."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._stream.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        place: int = self._stream.tell()
        return place

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _files(pattern: str) -> list[str]:
    files = sorted(tf.io.gfile.glob(pattern))
    if not files:
        raise ValueError(f"{pattern} should name Parquet files. There is none in {os.path.dirname(pattern)}.")
    return files


def write_parquet(path: str, table: pa.Table) -> None:
    """Writes a table as one file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    with tf.io.gfile.GFile(path, "wb") as stream:
        stream.write(sink.getvalue().to_pybytes())
