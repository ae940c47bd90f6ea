"""Reads Parquet by row group, only the columns that are asked for."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError
from components.tables.files.opening import READ_ERRORS
from components.tables.files.picture_places import are_bytes, picture_places
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.reading.source_batch import ROWS_PER_BATCH, SourceBatch


def row_group_sizes(file: TableFile) -> list[int]:
    """Returns the number of rows of each row group."""
    with FileSystems.open(file.path) as handle:
        metadata = pq.read_metadata(handle)
    return [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]


def read_parquet(
    table: str,
    file: TableFile,
    columns: Iterable[RawColumn],
    row_groups: Sequence[int] | None = None,
    first_row: int = 1,
) -> Iterator[SourceBatch]:
    """Reads row groups of one Parquet file.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep; the file may lack some.
        row_groups: The row groups; None for all.
        first_row: Number of the first row that is read.

    Yields:
        Batches whose columns have the types of the file.

    Raises:
        InputError: The file is damaged.
    """
    row = first_row
    try:
        with FileSystems.open(file.path) as handle:
            # Old times of 96 bits come as nanoseconds otherwise, which hold the years 1677 to 2262 alone.
            parquet = pq.ParquetFile(handle, coerce_int96_timestamp_unit="us")
            given = [column for column in columns if has_column(parquet.schema_arrow, column.name)]
            names = [column.name for column in given]
            # Pictures are read by those who look at them: of a table's rows they would be by far the most.
            left = [column.name for column in given if column.kind == "picture" and are_bytes(parquet, column.name)]
            read = [name for name in names if name not in left]
            groups = range(parquet.metadata.num_row_groups) if row_groups is None else row_groups
            for batch in parquet.iter_batches(ROWS_PER_BATCH, row_groups=list(groups), columns=read):
                yield SourceBatch(
                    path=file.path,
                    file_index=file.index,
                    unit="row",
                    places=pa.array(range(row, row + batch.num_rows), pa.int64()),
                    batch=_with_places(_flat(batch, read), names, left, file.path, row),
                )
                row += batch.num_rows
    except (pa.ArrowInvalid, *READ_ERRORS) as error:
        raise InputError(
            f"Table `{table}`: `{file.path}` is damaged at or after row {row}: {error}. Write the file anew."
        ) from error


def has_column(schema: pa.Schema, name: str) -> bool:
    """Tells whether a file has a column; dots lead into structs where no column is called so."""
    if name in schema.names:
        return True
    first, *rest = name.split(".")
    if not rest or first not in schema.names:
        return False
    data_type = schema.field(first).type
    for key in rest:
        if not pa.types.is_struct(data_type) or data_type.get_field_index(key) < 0:
            return False
        data_type = data_type.field(key).type
    return True


def _flat(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Takes the columns whose names lead into structs out of them."""
    if list(batch.schema.names) == list(names):
        return batch
    return pa.RecordBatch.from_arrays([column_at(batch, name) for name in names], names=list(names))


def _with_places(
    batch: pa.RecordBatch, names: Sequence[str], left: Sequence[str], path: str, first_row: int
) -> pa.RecordBatch:
    """Puts where the pictures lie in the place of the pictures that were left in the file."""
    if not left:
        return batch
    columns = [
        picture_places(path, name, first_row, batch.num_rows) if name in left else batch.column(name) for name in names
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(names))


def column_at(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Returns a column; dots lead into structs where no column is called so."""
    if name in batch.schema.names:
        return batch.column(name)
    first, *rest = name.split(".")
    return pc.struct_field(batch.column(first), rest)
