"""Reading a table artifact back as Arrow batches of plain columns, and moving batches through Beam."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import CompressionTypes, FileSystems
from tfx.dsl.io import fileio
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_split_uri

from components.tables.blank_texts import strip_unseen
from components.tables.reading.plain_columns import plain_columns
from trainer.artifacts.names import TABLE_PREFIX, TABLE_SPLIT, shards
from trainer.progress import Tally

_Found = TypeVar("_Found")
# What Beam groups stands in its memory as it was written; what is only handed on need not be made smaller.
COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
PLAIN = pa.ipc.IpcWriteOptions()


def table_files(examples: Artifact) -> list[str]:
    """Returns the Parquet files of a table artifact, in order of name."""
    return sorted(fileio.glob(shards(get_split_uri([examples], TABLE_SPLIT), TABLE_PREFIX)))


def input_files(inputs: Mapping[str, Sequence[Artifact]], name: str) -> list[str]:
    """Returns the Parquet files of one of a node's inputs, none where the table was not given."""
    return [path for artifact in inputs.get(name, ()) for path in table_files(artifact)]


def table_rows(paths: Sequence[str]) -> int:
    """Returns the number of rows of some Parquet files; reads their footers only."""
    return sum(_on_file(path, lambda file: file.metadata.num_rows) for path in paths)


def table_columns(paths: Sequence[str]) -> list[str]:
    """Returns the column names of a table, from the first of its Parquet files."""
    return list(_on_file(paths[0], lambda file: file.schema_arrow.names)) if paths else []


def table_schema(paths: Sequence[str]) -> pa.Schema:
    """Returns the Arrow schema of a table as it is stored, from the first of its Parquet files."""
    return _on_file(paths[0], lambda file: file.schema_arrow)


def column_has_values(paths: Sequence[str], name: str) -> bool:
    """Returns whether a table has a column and any value in it; reads up to the first value."""
    if name not in table_columns(paths):
        return False
    return any(_on_file(path, lambda file: _any_value(file, name)) for path in paths)


def first_values(paths: Sequence[str], name: str, rows: int) -> list[Any]:
    """Returns the values that the first rows of a table have in a column; nothing for a row without one."""
    for path in paths:
        found = _on_file(path, lambda file: next(file.iter_batches(rows, columns=[name]), None))
        if found is not None:
            values: list[Any] = plain_columns(found).column(0).drop_null().to_pylist()
            return values
    return []


def table_batches(paths: Sequence[str], columns: Sequence[str], batch_rows: int = 1 << 18) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a table as plain columns, one batch in memory at a time, in this process.

    Args:
        paths: Parquet files.
        columns: Columns that the files have.
        batch_rows: Rows of a batch at the most.
    """
    for path in paths:
        with _open(path) as handle:
            for batch in pq.ParquetFile(handle).iter_batches(batch_rows, columns=list(columns)):
                yield plain_columns(batch)


def to_bytes(table: pa.Table | pa.RecordBatch, options: pa.ipc.IpcWriteOptions = COMPRESSED) -> bytes:
    """Returns a table as one Arrow IPC stream, which Beam moves as it is."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write(table)
    return bytes(sink.getvalue())


def from_bytes(stream: bytes) -> pa.Table:
    """Returns the table of an Arrow IPC stream; it shares the stream's memory."""
    return pa.ipc.open_stream(stream).read_all()


def stripped_rows(stream: bytes) -> Iterator[dict[str, Any]]:
    """Yields the rows of an Arrow IPC stream as stripped strings and numbers; what is missing is left out."""
    table = from_bytes(stream)
    columns = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            column = column.cast(pa.large_string())
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = strip_unseen(column)
        columns[name] = column.to_pylist()
    for values in zip(*columns.values(), strict=True):
        yield {name: value for name, value in zip(columns, values, strict=True) if value is not None}


def concatenated(streams: Iterable[bytes]) -> pa.Table | None:
    """Returns the tables of some Arrow IPC streams as one, or None where there is no stream."""
    tables = [from_bytes(stream) for stream in streams]
    return pa.concat_tables(tables) if tables else None


class ReadTable(beam.PTransform):
    """Reads Parquet files of list columns as Arrow IPC streams of plain columns.

    Each value list becomes its first value, null where the list is. Work is dealt out by row group, and a
    worker holds one batch at a time.

    Args:
        paths: Parquet files.
        columns: Columns to read, or None for all. Those that the files lack are left out.
        batch_rows: Rows of a batch at the most.
    """

    def __init__(self, paths: Sequence[str], columns: Sequence[str] | None = None, batch_rows: int = 1 << 18) -> None:
        super().__init__()
        self._paths, self._columns, self._batch_rows = list(paths), columns, batch_rows

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[bytes]:
        """Adds the reading to a pipeline."""
        groups = [(path, group) for path in self._paths for group in range(_on_file(path, lambda f: f.num_row_groups))]
        return (
            pipeline
            | "ListRowGroups" >> beam.Create(groups, reshuffle=False)
            | "SpreadRowGroups" >> beam.Reshuffle()
            | "ReadRowGroups" >> beam.ParDo(_ReadRowGroup(self._columns, self._batch_rows)).with_output_types(bytes)
        )


class _ReadRowGroup(beam.DoFn):
    """(path, row group) to Arrow IPC streams."""

    def __init__(self, columns: Sequence[str] | None, batch_rows: int) -> None:
        self._columns, self._batch_rows = columns, batch_rows
        self._read = Tally("rows")

    def process(self, element: tuple[str, int]) -> Iterator[bytes]:
        path, group = element
        with _open(path) as handle:
            file = pq.ParquetFile(handle)
            names = [n for n in file.schema_arrow.names if self._columns is None or n in self._columns]
            for batch in file.iter_batches(self._batch_rows, row_groups=[group], columns=names):
                yield to_bytes(plain_columns(batch), PLAIN)
                self._read.add(len(batch))


def bucket_count(rows: int, rows_per_bucket: int = 100_000) -> int:
    """Returns into how many buckets a table of so many rows is cut."""
    return max(1, math.ceil(rows / rows_per_bucket))


def _open(path: str) -> Any:
    # Beam's own file layer: what TFX's opens is no file to Arrow.
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def _on_file(path: str, function: Callable[[pq.ParquetFile], _Found]) -> _Found:
    with _open(path) as handle:
        return function(pq.ParquetFile(handle))


def _any_value(file: pq.ParquetFile, name: str) -> bool:
    return any(batch.column(0).null_count < len(batch) for batch in file.iter_batches(columns=[name]))
