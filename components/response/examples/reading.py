"""Beam steps that read impressions: what is refused, when they were shown, and what came of each item."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.response.examples.items import OFFER_ID, PRODUCT_ID
from components.response.examples.options import ResponseExamplesOptions
from components.tables.quarantine import quarantine_line
from components.tables.read_back import concatenated, from_bytes
from components.tables.user_buckets import buckets_of, split_by_bucket
from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS

IMPRESSIONS, QUARANTINED, COUNTS, HOURS, TOTALS = "impressions", "quarantined", "counts", "hours", "totals"
ITEM, KNOWN_AT, OFFER_SHOWN, NEVER = "item", "known_at", "offer_shown", 2**34 - 1
# Times stand in the last bits of a number that an item or a user begins.
TIME_BITS = 34
_DETAILS = {
    "unknown_offer": "the offer or product is not in its table",
    "outcome_before_shown": "the outcome came before the impression",
    "outcome_after_window": "the outcome came after the days that tasks.response.window_days gives it",
}
_TEXTS = ("campaign_id", "placement", "treatment")


def outcome_column(name: str) -> str:
    """Returns the column of an outcome, which no other column's name can be."""
    return f"outcome_{name}"


class ReadImpressions(beam.DoFn):
    """Arrow IPC streams of the table to (bucket of the item, stream) with the columns that later steps want.

    These are user_id (binary), item (int64, the place of the offer or product), shown_at and known_at (int64; when the
    outcome was known), an `outcome_NAME` each, what else the contract has, and the configured features. Refused rows
    go to `QUARANTINED`, what was counted to `COUNTS`, impressions of each hour to `HOURS`.
    """

    def __init__(
        self, options: ResponseExamplesOptions, item_ids: Sequence[bytes], user_id_key: str | None, buckets: int
    ) -> None:
        self._options, self._user_id_key, self._buckets = options, user_id_key, buckets
        self._item_ids = pa.array(item_ids, pa.binary())

    def process(self, stream: bytes) -> Iterator[Any]:
        """Handles one batch."""
        table = from_bytes(stream)
        key = OFFER_ID if OFFER_ID in table.column_names and table[OFFER_ID].null_count < len(table) else PRODUCT_ID
        item = pc.index_in(table[key].cast(pa.binary()), value_set=self._item_ids)
        shown_at = table["shown_at"].to_numpy().astype(np.int64)
        responded_at = _integers(table, "responded_at", NEVER)
        happened = np.zeros(len(table), np.bool_)
        for name in self._options.outcomes:
            happened |= _integers(table, name, 0) > 0
        timed = happened & (responded_at < NEVER)
        window = NEVER if self._options.window_days is None else round(self._options.window_days * DAY_SECONDS)
        refusals = {
            "unknown_offer": item.is_null().to_numpy(zero_copy_only=False),
            "outcome_before_shown": timed & (responded_at < shown_at),
            "outcome_after_window": timed & (responded_at > shown_at + window),
        }
        counts: Counter[str] = Counter(rows=len(table))
        good = np.ones(len(table), np.bool_)
        for reason, rows in refusals.items():
            rows = rows & good
            good &= ~rows
            counts[reason] += int(rows.sum())
            for row in table.filter(pa.array(rows)).to_pylist():
                yield beam.pvalue.TaggedOutput(
                    QUARANTINED, quarantine_line(IMPRESSIONS, reason, _DETAILS[reason], row, self._user_id_key)
                )
        known_at = np.where(timed, responded_at, shown_at + (0 if window == NEVER else window))
        rows = self._rows(table, item, shown_at, known_at).filter(pa.array(good))
        for name in self._options.outcomes:
            counts[name] += int(rows[outcome_column(name)].to_numpy().sum())
        for campaign in pc.unique(rows["campaign_id"]).drop_null().to_pylist():
            counts[f"campaign {campaign!r}"] = 1
        yield beam.pvalue.TaggedOutput(COUNTS, counts)
        hours, sizes = np.unique(rows["shown_at"].to_numpy() // HOUR_SECONDS, return_counts=True)
        yield beam.pvalue.TaggedOutput(HOURS, Counter(dict(zip(hours.tolist(), sizes.tolist(), strict=True))))
        yield from split_by_bucket(rows, rows[ITEM].to_numpy() % self._buckets)

    def _rows(
        self, table: pa.Table, item: pa.ChunkedArray, shown_at: npt.NDArray[np.int64], known_at: npt.NDArray[np.int64]
    ) -> pa.Table:
        options = self._options
        texts = dict.fromkeys((*_TEXTS, *options.impression_categories))
        numbers = dict.fromkeys(("position", "propensity", *options.impression_numbers))
        return pa.table(
            {
                "user_id": _column(table, "user_id", pa.binary()),
                ITEM: pc.fill_null(item, -1).cast(pa.int64()),
                "shown_at": shown_at,
                KNOWN_AT: np.minimum(known_at, NEVER),
                **{name: _column(table, name, pa.binary()) for name in texts},
                **{name: _column(table, name, pa.float32()) for name in numbers},
                **{outcome_column(name): (_integers(table, name, 0) > 0).astype(np.int8) for name in options.outcomes},
            }
        )


class CountItems(beam.DoFn):
    """(bucket, streams of impressions) to (bucket of the user, stream) with what came of the item before each.

    The columns offer_shown and `offer_NAME` count the impressions of the same item before this one, over all users, and
    the outcomes of them that were known before it. `TOTALS` gets the counts of each item over all, as tuples. Memory
    grows with the impressions of the bucket, or of its most shown item.
    """

    def __init__(self, outcomes: Sequence[str], buckets: int) -> None:
        self._outcomes, self._buckets = tuple(outcomes), buckets

    def process(self, bucket: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """Handles one bucket."""
        table = concatenated(bucket[1])
        if table is None:
            return
        item, shown_at, known_at = (table[name].to_numpy() for name in (ITEM, "shown_at", KNOWN_AT))
        happened = [table[outcome_column(name)].to_numpy() > 0 for name in self._outcomes]
        every = np.ones(len(table), np.bool_)
        table = table.append_column(OFFER_SHOWN, pa.array(counted_before(item, shown_at, shown_at, every)))
        for name, rows in zip(self._outcomes, happened, strict=True):
            before = counted_before(item, shown_at, known_at, rows)
            table = table.append_column(f"offer_{name}", pa.array(before))
        items, place = np.unique(item, return_inverse=True)
        shown = np.bincount(place)
        outcomes = np.stack([np.bincount(place, weights=rows) for rows in happened], axis=1)
        for row in zip(items.tolist(), shown.tolist(), outcomes.tolist(), strict=True):
            yield beam.pvalue.TaggedOutput(TOTALS, row)
        # What was shown to nobody who is known goes where its item is dealt to.
        nobody = table[ITEM].cast(pa.string()).cast(pa.binary())
        yield from split_by_bucket(table, buckets_of(table["user_id"], nobody, self._buckets))


def counted_before(
    group: npt.NDArray[np.int64],
    moment: npt.NDArray[np.int64],
    happened_at: npt.NDArray[np.int64],
    counted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    """Returns how many counted rows of each row's group happened before the row's moment, float32 `(rows,)`.

    Args:
        group: int64 `(rows,)`, at least 0.
        moment: Unix seconds of each row, under 2 ** 34.
        happened_at: Unix seconds of what is counted, under 2 ** 34.
        counted: Which rows are counted.
    """
    codes = np.sort((group[counted] << TIME_BITS) + happened_at[counted])
    begin, end = (np.searchsorted(codes, (group << TIME_BITS) + time) for time in (0, moment))
    return (end - begin).astype(np.float32)


def _column(table: pa.Table, name: str, dtype: pa.DataType) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name].cast(dtype)
    return pa.chunked_array([pa.nulls(len(table), dtype)])


def _integers(table: pa.Table, name: str, missing: int) -> npt.NDArray[np.int64]:
    if name not in table.column_names:
        return np.full(len(table), missing, np.int64)
    return np.asarray(table[name].cast(pa.int64()).fill_null(missing).to_numpy(), np.int64)
