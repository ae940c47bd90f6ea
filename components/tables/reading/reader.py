"""Reads files of any format, as Arrow record batches that remember where each row stood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from components.tables.files.csv_reader import read_csv
from components.tables.files.excel_reader import read_excel
from components.tables.files.json_lines_reader import read_json_lines
from components.tables.files.parquet_reader import read_parquet, row_group_sizes
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.reading.source_batch import SourceBatch

_READ_WHOLE = {"csv": read_csv, "excel": read_excel, "json_lines": read_json_lines, "parquet": read_parquet}


@dataclass(frozen=True, kw_only=True)
class FilePiece:
    """What one worker reads at a time: a row group of a Parquet file, or a whole file.

    Attributes:
        file: The file.
        row_group: The row group; None for the whole file.
        first_row: Number of its first row.
    """

    file: TableFile
    row_group: int | None = None
    first_row: int = 1


def read_batches(table: str, files: Iterable[TableFile], columns: Iterable[RawColumn]) -> Iterator[SourceBatch]:
    """Reads files one after the other without a pipeline, holding one batch at a time."""
    columns = tuple(columns)
    for file in files:
        for piece in file_pieces(file):
            yield from read_piece(table, piece, columns)


def file_pieces(file: TableFile, *, whole: bool = False) -> Iterator[FilePiece]:
    """Yields the pieces of one file: row groups of Parquet, unless it is wanted whole."""
    if file.format != "parquet" or whole:
        yield FilePiece(file=file)
        return
    first_row = 1
    for row_group, rows in enumerate(row_group_sizes(file)):
        yield FilePiece(file=file, row_group=row_group, first_row=first_row)
        first_row += rows


def read_piece(table: str, piece: FilePiece, columns: tuple[RawColumn, ...]) -> Iterator[SourceBatch]:
    """Yields the batches of one piece, with the columns of the file's partition that are asked for.

    Raises:
        InputError: If the file as a whole cannot be trusted: broken quoting, not UTF-8, not Parquet.
    """
    file = piece.file
    if piece.row_group is None:
        batches = _READ_WHOLE[file.format](table, file, columns)
    else:
        batches = read_parquet(table, file, columns, [piece.row_group], piece.first_row)
    wanted = {column.name for column in columns}
    partition = [(name, value) for name, value in file.partition if name in wanted]
    return (_with_partition(batch, partition) for batch in batches) if partition else batches


def _with_partition(source: SourceBatch, partition: list[tuple[str, str | None]]) -> SourceBatch:
    """Adds columns of one text each, where the file has none of the name with a value in it."""
    batch = source.batch
    for name, value in partition:
        texts = pa.repeat(pa.scalar(value, pa.large_string()), batch.num_rows)
        index = batch.schema.get_field_index(name)
        if index < 0:
            batch = batch.append_column(name, texts)
        elif batch.column(index).null_count == batch.num_rows:  # As JSON Lines has it, where no row has the key.
            batch = batch.set_column(index, name, texts)
    return replace(source, batch=batch)
