"""The Beam step between a table's reader and its examples: check rows, drop duplicates, count."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa

from components.tables.contract import TableContract, TableOptions
from components.tables.notes.counted_examples import keep_examples
from components.tables.notes.dotted_ids import count_dotted_ids
from components.tables.quarantine import quarantine_line
from components.tables.reading.source_batch import SourceBatch
from components.tables.returns.order_counts import RETURN, count_orders
from components.tables.shaping.tallies import BAD_KEY_PREFIX, GOOD_KEY, ROWS_KEY, SET_ASIDE_KEY_PREFIX
from components.tables.unique.keep_first import BAD, COUNTS, GOOD, KeepFirstRows
from components.tables.unique.placed_rows import PlacedRows
from components.tables.validation import check_rows

RETURNED = "returned"


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
            unique = good | "KeepFirstRows" >> KeepFirstRows(self._contract, self._user_id_key, self._merged)
            good = unique[GOOD]
            bad.append(unique[BAD])
            counts.append(unique[COUNTS])
        return {
            GOOD: good | "DropPlaces" >> beam.Map(_batch_of),
            BAD: tuple(bad) | "JoinRefused" >> beam.Flatten(),
            RETURNED: checked[RETURNED],
            COUNTS: tuple(counts) | "JoinCounts" >> beam.Flatten() | "SumCounts" >> beam.CombineGlobally(_sum_counts),
        }


def _batch_of(rows: PlacedRows) -> pa.RecordBatch:
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
            yield PlacedRows(
                path=source.path,
                source=source.source,
                file_index=source.file_index,
                unit=source.unit,
                places=places[checked.good_rows],
                batch=checked.good,
            )

    def _line(self, reason: str, detail: str, row: dict[str, Any]) -> str:
        return quarantine_line(self._contract.name, reason, detail, row, self._user_id_key)
