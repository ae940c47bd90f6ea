"""Parquet files on any filesystem that TensorFlow reads."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf


def read_parquet(pattern: str, columns: list[str] | None = None) -> pa.Table:
    """Reads the files that a glob names, in the order of their names, as one table.

    Raises:
        ValueError: There is no such file.
    """
    files = sorted(tf.io.gfile.glob(pattern))
    if not files:
        raise ValueError(f"{pattern} should name Parquet files. There is none in {os.path.dirname(pattern)}.")
    tables = []
    for file in files:
        with tf.io.gfile.GFile(file, "rb") as stream:
            tables.append(pq.read_table(pa.BufferReader(stream.read()), columns=columns))
    return pa.concat_tables(tables)


def write_parquet(path: str, table: pa.Table) -> None:
    """Writes a table as one file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    with tf.io.gfile.GFile(path, "wb") as stream:
        stream.write(sink.getvalue().to_pybytes())
