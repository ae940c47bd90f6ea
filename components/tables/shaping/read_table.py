"""Reads a table from its files to rows in the contract's columns, with Beam or without."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import apache_beam as beam

from components.tables.files.raw_column import RawColumn
from components.tables.reading.reader import FilePiece, file_pieces, read_piece
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping.exploding import explode
from components.tables.shaping.fill_down import fill_down
from components.tables.shaping.finishing import finish, same_ids_of
from components.tables.shaping.joining import JOINED, ROWS, JoinFiles, join_in_memory
from components.tables.shaping.leaving_out import without_marks
from components.tables.shaping.plan import JoinPlan, SourcePlan, TablePlan
from components.tables.shaping.same_ids import SameIds
from trainer.progress import Tally


class ReadTable(beam.PTransform):
    """Reads a table to a PCollection of `SourceBatch` in the contract's columns.

    Args:
        plan: What is read.
    """

    def __init__(self, plan: TablePlan) -> None:
        super().__init__()
        self._plan = plan

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Applies the transform to a pipeline, or to its begin."""
        parts = [
            pipeline | f"ReadSource{source.place + 1}" >> ReadSource(self._plan.table, source)
            for source in self._plan.sources
        ]
        return parts[0] if len(parts) == 1 else parts | "BringSourcesTogether" >> beam.Flatten()


class ReadSource(beam.PTransform):
    """Reads a source to a PCollection of `SourceBatch` in the contract's columns.

    A worker holds one batch at a time (65,536 rows): Parquet is read by row group, other files file by file, since a
    line break inside quotes makes a CSV file hard to split, and so are files that are filled down. Many files are read
    by many workers. Columns that nobody asked for are not read.

    Args:
        table: The table's name, for messages.
        plan: What is read.
    """

    def __init__(self, table: str, plan: SourcePlan) -> None:
        super().__init__()
        self._table = table
        self._plan = plan

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Applies the transform to a pipeline, or to its begin."""
        plan = self._plan
        rows = (
            pipeline
            | "ListFiles" >> beam.Create(plan.files, reshuffle=False)
            | "ListPieces" >> beam.FlatMap(file_pieces, whole=bool(plan.source.fill_down))
            | "SpreadPieces" >> beam.Reshuffle()
            | "ReadPieces" >> beam.FlatMap(_read_rows, table=self._table, plan=plan)
        )
        for place, join in enumerate(plan.joins, start=1):
            joined = (
                pipeline
                | f"ListJoinedFiles{place}" >> beam.Create(join.files, reshuffle=False)
                | f"ListJoinedPieces{place}" >> beam.FlatMap(file_pieces)
                | f"SpreadJoinedPieces{place}" >> beam.Reshuffle()
                | f"ReadJoinedPieces{place}" >> beam.FlatMap(_read_joined, table=self._table, plan=plan, join=join)
            )
            rows = {ROWS: rows, JOINED: joined} | f"JoinFiles{place}" >> JoinFiles(
                self._table, join, (plan.place, place)
            )
        return rows | "FinishRows" >> beam.ParDo(_FinishDoFn(self._table, plan))


def read_table(plan: TablePlan) -> Iterator[SourceBatch]:
    """Reads a table without a pipeline; see `read_source`."""
    for source in plan.sources:
        yield from read_source(plan.table, source)


def read_source(table: str, plan: SourcePlan) -> Iterator[SourceBatch]:
    """Reads a source without a pipeline, a batch at a time; what is joined to it is held as a whole."""
    pieces = (piece for file in plan.files for piece in file_pieces(file, whole=bool(plan.source.fill_down)))
    rows: Iterable[SourceBatch] = (source for piece in pieces for source in _read_rows(piece, table, plan))
    for place, join in enumerate(plan.joins, start=1):
        rows = join_in_memory(table, join, (plan.place, place), rows, _joined_rows(table, plan, join))
    same_ids = same_ids_of(table, plan)
    return (finish(source, plan, same_ids) for source in rows)


def _read_rows(piece: FilePiece, table: str, plan: SourcePlan) -> Iterator[SourceBatch]:
    """Reads a piece of a source's own files, up to where others are joined to it."""
    source = plan.source
    rows = read_piece(table, piece, plan.columns)
    if source.missing:
        rows = map(functools.partial(_without_marks, missing=source.missing), rows)
    if source.fill_down:
        rows = fill_down(rows, source.fill_down)
    for batch in rows:
        if source.explode is None:
            yield batch
            continue
        for exploded in explode(batch, source.explode, plan.items):
            yield _without_marks(exploded, source.missing)


def _joined_rows(table: str, plan: SourcePlan, join: JoinPlan) -> Iterator[SourceBatch]:
    """Reads what is joined, when it is asked for: by then a loop over joins has gone on to the next one."""
    for file in join.files:
        for piece in file_pieces(file):
            yield from _read_joined(piece, table, plan, join)


def _read_joined(piece: FilePiece, table: str, plan: SourcePlan, join: JoinPlan) -> Iterator[SourceBatch]:
    keys = [RawColumn(name=other, kind="string") for _, other in join.keys]
    others = [column for column in join.columns if column.name not in {key.name for key in keys}]
    for source in read_piece(table, piece, (*keys, *others)):
        yield _without_marks(source, plan.source.missing)


def _without_marks(source: SourceBatch, missing: Mapping[str, tuple[str, ...]]) -> SourceBatch:
    return replace(source, batch=without_marks(source.batch, missing)) if missing else source


class _FinishDoFn(beam.DoFn):
    """Gives rows the contract's columns; each worker holds the files of ids that mean one thing."""

    def __init__(self, table: str, plan: SourcePlan) -> None:
        super().__init__()
        self._table = table
        self._plan = plan
        self._same_ids: dict[str, SameIds] = {}
        self._read = Tally("rows")

    def setup(self) -> None:
        """Reads these files."""
        self._same_ids = same_ids_of(self._table, self._plan)

    def process(self, source: SourceBatch) -> Iterator[SourceBatch]:
        """Yields the rows."""
        yield finish(source, self._plan, self._same_ids)
        self._read.add(len(source.batch))
