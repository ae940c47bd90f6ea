"""Reads a table's files with Beam, as Arrow record batches that remember where each row stood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError
from components.tables.contract import Column
from components.tables.reading.csv_reader import read_csv
from components.tables.reading.files import TableFile
from components.tables.reading.json_lines_reader import read_json_lines
from components.tables.reading.source_batch import ROWS_PER_BATCH, SourceBatch
from components.tables.reading.value_form import ValueForm

_AS_WRITTEN = ValueForm()


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """What one worker reads at a time: a row group of a Parquet file, or a whole text file."""

    file: TableFile
    row_group: int = 0
    first_row: int = 1


class ReadSourceFiles(beam.PTransform):
    """Reads files to a PCollection of `SourceBatch`.

    A worker holds one batch at a time (65,536 rows): Parquet is read by row group, CSV and JSON Lines file by
    file, as text, since a line break inside quotes makes a CSV file hard to split. Many files are read by many
    workers. Columns that nobody asked for are not read.

    Args:
        table: The table's name, for messages.
        files: Its files.
        columns: The columns to read; a file may lack optional ones.
        form: How the values of the files are written.
    """

    def __init__(
        self, table: str, files: Iterable[TableFile], columns: tuple[Column, ...], form: ValueForm = _AS_WRITTEN
    ) -> None:
        super().__init__()
        self._table = table
        self._files = list(files)
        self._columns = columns
        self._form = form

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Applies the transform.

        Args:
            pipeline: The pipeline (or its begin).

        Returns:
            A PCollection of `SourceBatch`.
        """
        return (
            pipeline
            | "ListFiles" >> beam.Create(self._files, reshuffle=False)
            | "ListPieces" >> beam.ParDo(_ListPiecesDoFn())
            | "SpreadPieces" >> beam.Reshuffle()
            | "ReadPieces" >> beam.ParDo(_ReadPieceDoFn(self._table, self._columns, self._form))
        )


def read_batches(table: str, files: Iterable[TableFile], columns: tuple[Column, ...]) -> Iterator[SourceBatch]:
    """Reads files one after the other without a pipeline, holding one batch at a time; see `ReadSourceFiles`."""
    read = _ReadPieceDoFn(table, columns, _AS_WRITTEN)
    for file in files:
        for piece in _ListPiecesDoFn().process(file):
            yield from read.process(piece)


class _ListPiecesDoFn(beam.DoFn):
    """Cuts Parquet files into row groups."""

    def process(self, file: TableFile) -> Iterator[_Piece]:
        """Yields the pieces of one file."""
        if file.format != "parquet":
            yield _Piece(file=file)
            return
        with FileSystems.open(file.path) as handle:
            metadata = pq.read_metadata(handle)
        first_row = 1
        for row_group in range(metadata.num_row_groups):
            yield _Piece(file=file, row_group=row_group, first_row=first_row)
            first_row += metadata.row_group(row_group).num_rows


class _ReadPieceDoFn(beam.DoFn):
    """Reads one piece, batch by batch."""

    def __init__(self, table: str, columns: tuple[Column, ...], form: ValueForm) -> None:
        super().__init__()
        self._table = table
        self._columns = columns
        self._form = form

    def process(self, piece: _Piece) -> Iterator[SourceBatch]:
        """Yields the batches of one piece.

        Raises:
            InputError: If the file as a whole cannot be trusted: broken quoting, not UTF-8, not Parquet.
        """
        for batch in self._read(piece):
            yield replace(batch, form=self._form)

    def _read(self, piece: _Piece) -> Iterator[SourceBatch]:
        if piece.file.format == "csv":
            return read_csv(self._table, piece.file, self._columns)
        if piece.file.format == "json_lines":
            return read_json_lines(self._table, piece.file, self._columns, self._form)
        return self._read_row_group(piece)

    def _read_row_group(self, piece: _Piece) -> Iterator[SourceBatch]:
        wanted = {column.name for column in self._columns}
        row = piece.first_row
        try:
            with FileSystems.open(piece.file.path) as handle:
                # Old times of 96 bits come as nanoseconds otherwise, which hold the years 1677 to 2262 alone.
                parquet = pq.ParquetFile(handle, coerce_int96_timestamp_unit="us")
                names = [name for name in parquet.schema_arrow.names if name in wanted]
                for batch in parquet.iter_batches(ROWS_PER_BATCH, row_groups=[piece.row_group], columns=names):
                    yield SourceBatch(
                        path=piece.file.path,
                        file_index=piece.file.index,
                        unit="row",
                        places=pa.array(range(row, row + batch.num_rows), pa.int64()),
                        batch=batch,
                    )
                    row += batch.num_rows
        except (pa.ArrowInvalid, EOFError) as error:
            raise InputError(
                f"Table `{self._table}`: `{piece.file.path}` is damaged at or after row {row}: {error}. "
                "Write the file anew."
            ) from error
