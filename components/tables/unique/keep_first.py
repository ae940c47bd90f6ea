"""Rows of a table whose ids are unique: of each id one row counts."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.tables.contract import TableContract
from components.tables.notes.counted_examples import EXAMPLES, example_key
from components.tables.quarantine import quarantine_line
from components.tables.shaping.tallies import (
    BAD_KEY_PREFIX,
    GOOD_KEY,
    REPEATED,
    SET_ASIDE_KEY_PREFIX,
    contradiction_key,
)
from components.tables.sources import SOURCE
from components.tables.unique.placed_rows import PlacedRows, find_first_rows, row_order
from components.tables.unique.repeats import best_rows, fold_repeats

GOOD, BAD, COUNTS = "good", "bad", "counts"
# Rows meet in this many groups, each of which one worker holds at once.
_GROUPS = 32


class KeepFirstRows(beam.PTransform):
    """Keeps one row of each id: the first, or of a source whose repeats are merged the one of `best_rows`.

    Args:
        contract: The table's contract, which names the column of unique ids.
        user_id_key: Key of the hash that stands for a user id in the quarantine; None writes user ids plainly.
        merged: Places of the sources in which several rows of an id are no fault.
    """

    def __init__(self, contract: TableContract, user_id_key: str | None, merged: Collection[int]) -> None:
        super().__init__()
        self._id_column = str(contract.unique)
        self._keeping = _KeepFirstRowsDoFn(contract, user_id_key)
        self._merged = merged

    def expand(self, rows: beam.PCollection) -> Any:  # Beam would take a dict for a hint about elements.
        """Applies the transform to a PCollection of `PlacedRows`.

        Returns:
            `good`: the rows that are left; `bad`: lines of the quarantine (str); `counts`: Counters of what changed.
        """
        spreading = _SpreadIdsDoFn(self._id_column, self._merged)
        spread = rows | "SpreadIds" >> beam.ParDo(spreading).with_outputs(COUNTS, main=GOOD)
        unique = (
            spread[GOOD]
            | "GroupIds" >> beam.GroupByKey()
            | "KeepRows" >> beam.ParDo(self._keeping).with_outputs(BAD, COUNTS, main=GOOD)
        )
        counts = (spread[COUNTS], unique[COUNTS]) | "JoinCounts" >> beam.Flatten()
        return {GOOD: unique[GOOD], BAD: unique[BAD], COUNTS: counts}


class _SpreadIdsDoFn(beam.DoFn):
    """Sends rows with one id to one group; of a source whose repeats are merged, few rows of each id."""

    def __init__(self, id_column: str, merged: Collection[int]) -> None:
        super().__init__()
        self._id_column = id_column
        self._merged = merged

    def process(self, rows: PlacedRows) -> Iterator[Any]:
        """Yields (group, rows), and to the side how many were set aside."""
        if rows.source in self._merged:
            folded = fold_repeats(rows.batch, self._id_column)
            yield _repeated(rows.batch.num_rows - len(folded.rows))
            rows = replace(rows.rows(folded.rows), weights=folded.weights)
        ids = rows.batch.column(self._id_column).flatten().to_pylist()
        # Not `hash()`, which differs between workers.
        groups = np.array([zlib.crc32(value) % _GROUPS for value in ids], np.int64)
        for group in np.unique(groups).tolist():
            yield group, rows.rows(np.flatnonzero(groups == group))


def _repeated(rows: int) -> beam.pvalue.TaggedOutput:
    """Counts rows that name again what another row of their source names."""
    return beam.pvalue.TaggedOutput(COUNTS, Counter({SET_ASIDE_KEY_PREFIX + REPEATED: rows, GOOD_KEY: -rows}))


class _KeepFirstRowsDoFn(beam.DoFn):
    """Keeps the first row of each id, in the order of files and of rows in a file.

    Rows that say the same in the contract's `repeating` column are kept as well. Later ones of the same source are
    refused, and those of another source set aside: that two shops sell one product is no fault. Where such a row says
    something else than the first, that is counted.
    """

    def __init__(self, contract: TableContract, user_id_key: str | None) -> None:
        super().__init__()
        self._contract = contract
        self._id_column = str(contract.unique)
        self._user_id_key = user_id_key

    def process(self, group: tuple[int, Iterable[PlacedRows]]) -> Iterator[Any]:
        """Yields batches without duplicates, and to the side the duplicates and the counts."""
        parts = sorted(group[1], key=lambda part: (part.file_index, part.places[0]))
        merged = {part.source for part in parts if part.weights is not None}
        for source in sorted(merged):
            parts, repeated = _with_best_rows(parts, source, self._id_column)
            yield _repeated(repeated)
        first_rows = find_first_rows(parts, self._id_column)
        ends = np.cumsum([part.batch.num_rows for part in parts])
        counts: Counter[str] = Counter()
        contradicted: defaultdict[str, set[str]] = defaultdict(set)
        for part, end in zip(parts, ends, strict=True):
            firsts = first_rows[end - part.batch.num_rows : end]
            again = firsts != np.arange(end - part.batch.num_rows, end)
            if self._contract.repeating is not None:
                rows_again = np.flatnonzero(again) + end - part.batch.num_rows
                again[again] = _differ(parts, ends, rows_again, firsts[again], self._contract.repeating)
            rows = part.batch.filter(pa.array(again)).to_pylist() if again.any() else []
            for place, row, first in zip(part.places[again], rows, firsts[again], strict=True):
                counts[GOOD_KEY] -= 1
                holder = int(np.searchsorted(ends, first, side="right"))
                kept = parts[holder]
                if kept.source != part.source:
                    counts[f"{SET_ASIDE_KEY_PREFIX}same_{self._id_column}_in_another_source"] += 1
                    first_row = kept.batch.slice(int(first - ends[holder] + kept.batch.num_rows), 1).to_pylist()[0]
                    for name in _contradictions(first_row, row):
                        contradicted[name].add(row[self._id_column][0].decode())
                    continue
                reason = f"duplicate_{self._id_column}"
                counts[BAD_KEY_PREFIX + reason] += 1
                detail = f"{part.unit} {place} of {part.path}: an earlier row has the same {self._id_column}"
                yield beam.pvalue.TaggedOutput(BAD, self._line(reason, detail, row))
            if not again.all():
                batch = part.batch.filter(pa.array(~again)) if again.any() else part.batch
                yield replace(part, places=part.places[~again], batch=batch)
        # All rows of an id meet in one group, so that each id is counted once.
        for name, ids in contradicted.items():
            counts[contradiction_key(name)] = len(ids)
            counts.update(example_key(contradiction_key(name), each) for each in sorted(ids)[:EXAMPLES])
        if counts:
            yield beam.pvalue.TaggedOutput(COUNTS, counts)

    def _line(self, reason: str, detail: str, row: dict[str, list[Any] | None]) -> str:
        vectors = {column.name for column in self._contract.columns if column.kind == "vector"}
        plain = {name: value if name in vectors or value is None else value[0] for name, value in row.items()}
        plain = {name: value.decode() if isinstance(value, bytes) else value for name, value in plain.items()}
        return quarantine_line(self._contract.name, reason, detail, plain, self._user_id_key)


def _differ(
    parts: list[PlacedRows],
    ends: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    name: str,
) -> npt.NDArray[np.bool_]:
    """Tells of rows, counted over all parts, whether a column has another value there than in other rows."""

    def value(row: int) -> Any:
        holder = int(np.searchsorted(ends, row, side="right"))
        batch = parts[holder].batch
        return batch.column(name)[int(row - ends[holder] + batch.num_rows)].as_py()

    return np.array([value(row) != value(other) for row, other in zip(rows, others, strict=True)], np.bool_)


def _contradictions(first: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """Yields the names of the columns that two rows have different values of."""
    for name, value in other.items():
        if name != SOURCE and value is not None and first[name] is not None and value != first[name]:
            yield name


def _with_best_rows(parts: list[PlacedRows], source: int, id_column: str) -> tuple[list[PlacedRows], int]:
    """Returns parts in which a source has each id once, and how many of its rows were left away."""
    own = [part for part in parts if part.source == source]
    order = row_order(own)
    table = pa.Table.from_batches([part.batch for part in own]).combine_chunks().take(pa.array(order))
    weights = np.concatenate([part.weights for part in own if part.weights is not None])
    best = np.sort(order[best_rows(table.combine_chunks().to_batches()[0], id_column, weights[order])])
    ends = np.cumsum([part.batch.num_rows for part in own])
    kept = []
    for part, end in zip(own, ends, strict=True):
        begin = end - part.batch.num_rows
        chosen = best[(best >= begin) & (best < end)] - begin
        if len(chosen):
            kept.append(part.rows(chosen))
    others = [part for part in parts if part.source != source]
    return sorted([*kept, *others], key=lambda part: (part.file_index, part.places[0])), int(ends[-1]) - len(best)
