"""The Beam steps between a table's reader and its examples: check rows, drop duplicates, count."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from components.tables.contract import TableContract, TableOptions
from components.tables.notes.counted_examples import EXAMPLES, example_key, keep_examples
from components.tables.notes.dotted_ids import count_dotted_ids
from components.tables.quarantine import quarantine_line
from components.tables.reading.source_batch import SourceBatch
from components.tables.repeats import best_rows, fold_repeats
from components.tables.returns.order_counts import RETURN, count_orders
from components.tables.shaping.tallies import SET_ASIDE_KEY_PREFIX, contradiction_key
from components.tables.sources import SOURCE
from components.tables.validation import check_rows

GOOD = "good"
BAD = "bad"
COUNTS = "counts"
ROWS_KEY = "rows"
GOOD_KEY = "good"
BAD_KEY_PREFIX = "bad:"
RETURNED = "returned"

REPEATED = "repeated"

# Rows of a table with unique ids meet in this many groups, each of which one worker holds at once.
_DUPLICATE_GROUPS = 32


@dataclass(frozen=True, kw_only=True)
class _PlacedRows:
    """Good rows with where they stood: the order that decides which of two duplicates counts.

    Rows that stand for several, of a source whose repeats are merged, have weights.
    """

    path: str
    source: int
    file_index: int
    unit: str
    places: npt.NDArray[np.int64]
    batch: pa.RecordBatch
    weights: npt.NDArray[np.int64] | None = None

    def rows(self, chosen: npt.NDArray[np.int64]) -> "_PlacedRows":
        """Returns some of the rows."""
        weights = None if self.weights is None else self.weights[chosen]
        return replace(self, places=self.places[chosen], batch=self.batch.take(pa.array(chosen)), weights=weights)


class CheckTable(beam.PTransform):
    """Splits source batches into good rows, refused rows and counts.

    Args:
        contract: The table's contract.
        options: Extra columns and event types.
        user_id_key: Key of the hash that stands for a user id in the quarantine; None writes user ids plainly.
        now_seconds: The present in Unix seconds.
        merged: Places of the sources in which several rows of an id are no fault.
    """

    def __init__(
        self,
        contract: TableContract,
        options: TableOptions,
        *,
        user_id_key: str | None,
        now_seconds: float,
        merged: Collection[int] = (),
    ) -> None:
        super().__init__()
        self._contract = contract
        self._options = options
        self._user_id_key = user_id_key
        self._now_seconds = now_seconds
        self._merged = frozenset(merged)

    def expand(self, batches: beam.PCollection) -> Any:  # Beam would take a dict for a hint about elements.
        """Applies the transform.

        Args:
            batches: A PCollection of `SourceBatch`.

        Returns:
            `good`: Arrow record batches in the examples' columns; `bad`: lines of the quarantine (str), of rows that
            give something back too; `returned`: batches of these with `RETURNS_SCHEMA`; `counts`: one Counter with
            `rows`, `good`, `bad:REASON`, and those of `count_dotted_ids` and `count_orders`.
        """
        checked = batches | "CheckRows" >> beam.ParDo(
            _CheckRowsDoFn(self._contract, self._options, self._user_id_key, self._now_seconds)
        ).with_outputs(BAD, COUNTS, RETURNED, main=GOOD)
        good, bad, counts = checked[GOOD], [checked[BAD]], [checked[COUNTS]]
        if self._contract.unique:
            keep_first_rows = _KeepFirstRowsDoFn(self._contract, self._user_id_key)
            spread = good | "SpreadIds" >> beam.ParDo(_SpreadIdsDoFn(self._contract.unique, self._merged)).with_outputs(
                COUNTS, main=GOOD
            )
            counts.append(spread[COUNTS])
            unique = (
                spread[GOOD]
                | "GroupIds" >> beam.GroupByKey()
                | "KeepFirstRows" >> beam.ParDo(keep_first_rows).with_outputs(BAD, COUNTS, main=GOOD)
            )
            good = unique[GOOD]
            bad.append(unique[BAD])
            counts.append(unique[COUNTS])
        return {
            GOOD: good | "DropPlaces" >> beam.Map(_batch_of),
            BAD: tuple(bad) | "JoinRefused" >> beam.Flatten(),
            RETURNED: checked[RETURNED],
            COUNTS: tuple(counts) | "JoinCounts" >> beam.Flatten() | "SumCounts" >> beam.CombineGlobally(_sum_counts),
        }


def _batch_of(rows: _PlacedRows) -> pa.RecordBatch:
    return rows.batch


def _sum_counts(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        for key, count in counter.items():
            total[key] += count
    return keep_examples(total)


class _CheckRowsDoFn(beam.DoFn):
    """Checks source batches against the contract."""

    def __init__(
        self, contract: TableContract, options: TableOptions, user_id_key: str | None, now_seconds: float
    ) -> None:
        super().__init__()
        self._contract = contract
        self._options = options
        self._user_id_key = user_id_key
        self._now_seconds = now_seconds

    def process(self, source: SourceBatch) -> Iterator[Any]:
        """Yields the good rows, and to the side the refused ones, those that give something back, and the counts."""
        checked = check_rows(
            self._contract, self._options, source.batch, self._now_seconds, source.form, guests=source.guests
        )
        counts = Counter({ROWS_KEY: source.batch.num_rows + len(source.broken), GOOD_KEY: checked.good.num_rows})
        counts.update(count_dotted_ids(checked.good))
        counts.update(source.counts)
        counts[ROWS_KEY] += sum(count for key, count in source.counts.items() if key.startswith(SET_ASIDE_KEY_PREFIX))
        places = source.places.to_numpy()
        counts.update(BAD_KEY_PREFIX + reason for reason in checked.reasons)
        for rows, reasons in (
            (checked.bad_rows, checked.reasons),
            (checked.returned_rows, [RETURN] * len(checked.returned_rows)),
        ):
            raw_rows = source.batch.take(pa.array(rows, pa.int64())).to_pylist() if rows else []
            for index, reason, row in zip(rows, reasons, raw_rows, strict=True):
                detail = f"{source.unit} {places[index]} of {source.path}"
                yield beam.pvalue.TaggedOutput(BAD, self._line(reason, detail, row))
        if self._contract.returns:
            counts.update(count_orders(checked.good, checked.returned.num_rows))
        if checked.returned.num_rows:
            yield beam.pvalue.TaggedOutput(RETURNED, checked.returned)
        for broken in source.broken:
            counts[BAD_KEY_PREFIX + broken.reason] += 1
            detail = f"{source.unit} {broken.place} of {source.path}: {broken.detail}"
            yield beam.pvalue.TaggedOutput(BAD, self._line(broken.reason, detail, broken.row))
        yield beam.pvalue.TaggedOutput(COUNTS, counts)
        if checked.good.num_rows:
            yield _PlacedRows(
                path=source.path,
                source=source.source,
                file_index=source.file_index,
                unit=source.unit,
                places=places[checked.good_rows],
                batch=checked.good,
            )

    def _line(self, reason: str, detail: str, row: dict[str, Any]) -> str:
        return quarantine_line(self._contract.name, reason, detail, row, self._user_id_key)


class _SpreadIdsDoFn(beam.DoFn):
    """Sends rows with one id to one group; of a source whose repeats are merged, few rows of each id."""

    def __init__(self, id_column: str, merged: Collection[int]) -> None:
        super().__init__()
        self._id_column = id_column
        self._merged = merged

    def process(self, rows: _PlacedRows) -> Iterator[Any]:
        """Yields (group, rows), and to the side how many were set aside."""
        if rows.source in self._merged:
            folded = fold_repeats(rows.batch, self._id_column)
            yield _repeated(rows.batch.num_rows - len(folded.rows))
            rows = replace(rows.rows(folded.rows), weights=folded.weights)
        ids = rows.batch.column(self._id_column).flatten().to_pylist()
        # Not `hash()`, which differs between workers.
        groups = np.array([zlib.crc32(value) % _DUPLICATE_GROUPS for value in ids], np.int64)
        for group in np.unique(groups).tolist():
            yield group, rows.rows(np.flatnonzero(groups == group))


def _repeated(rows: int) -> beam.pvalue.TaggedOutput:
    """Counts rows that name again what another row of their source names."""
    return beam.pvalue.TaggedOutput(COUNTS, Counter({SET_ASIDE_KEY_PREFIX + REPEATED: rows, GOOD_KEY: -rows}))


class _KeepFirstRowsDoFn(beam.DoFn):
    """Keeps the first row of each id, in the order of files and of rows in a file.

    Later ones of the same source are refused, and those of another source set aside: that two shops sell one product is
    no fault. Where such a row says something else than the first, that is counted.
    """

    def __init__(self, contract: TableContract, user_id_key: str | None) -> None:
        super().__init__()
        self._contract = contract
        self._id_column = str(contract.unique)
        self._user_id_key = user_id_key

    def process(self, group: tuple[int, Iterable[_PlacedRows]]) -> Iterator[Any]:
        """Yields batches without duplicates, and to the side the duplicates and the counts."""
        parts = sorted(group[1], key=lambda part: (part.file_index, part.places[0]))
        merged = {part.source for part in parts if part.weights is not None}
        for source in sorted(merged):
            parts, repeated = _with_best_rows(parts, source, self._id_column)
            yield _repeated(repeated)
        first_rows = _first_rows(parts, self._id_column)
        ends = np.cumsum([part.batch.num_rows for part in parts])
        counts: Counter[str] = Counter()
        contradicted: defaultdict[str, set[str]] = defaultdict(set)
        for part, end in zip(parts, ends, strict=True):
            firsts = first_rows[end - part.batch.num_rows : end]
            again = firsts != np.arange(end - part.batch.num_rows, end)
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


def _contradictions(first: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """Yields the names of the columns that two rows have different values of."""
    for name, value in other.items():
        if name != SOURCE and value is not None and first[name] is not None and value != first[name]:
            yield name


def _with_best_rows(parts: list[_PlacedRows], source: int, id_column: str) -> tuple[list[_PlacedRows], int]:
    """Returns parts in which a source has each id once, and how many of its rows were left away."""
    own = [part for part in parts if part.source == source]
    order = _order(own)
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


def _first_rows(parts: list[_PlacedRows], id_column: str) -> npt.NDArray[np.int64]:
    """Returns for each row, of all parts one after the other, the first row that has its id: itself or another."""
    ids = pd.Series([value for part in parts for value in part.batch.column(id_column).flatten().to_pylist()])
    order = _order(parts)
    codes = pd.factorize(ids.iloc[order])[0]
    first_of_code = np.unique(codes, return_index=True)[1]
    firsts = np.empty(len(ids), np.int64)
    firsts[order] = order[first_of_code[codes]]
    return firsts


def _order(parts: list[_PlacedRows]) -> npt.NDArray[np.int64]:
    """Returns the rows of all parts in the order of files and of rows in a file.

    Batches of one file may overlap, as a join spreads its rows, so each row is put in order by its own place.
    """
    files = np.concatenate([np.full(part.batch.num_rows, part.file_index) for part in parts])
    return np.lexsort((np.concatenate([part.places for part in parts]), files))
