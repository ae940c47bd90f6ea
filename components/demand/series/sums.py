"""Beam steps that sum events up by product, store and week."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.demand.series.weeks import ShopWeeks
from components.events.counts import EventCounts
from components.tables.quarantine import UNKNOWN_PRODUCT, UNKNOWN_PRODUCT_DETAIL, quarantine_line
from components.tables.read_back import concatenated, from_bytes
from components.tables.user_buckets import split_by_bucket, user_bucket

SUMS, DAYS, QUARANTINED, COUNTS, FILTERED = "sums", "days", "quarantined", "counts", "filtered"
_KEYS = ["product_id", "store_id", "day"]
_VALUES = ("units", "revenue", "priced")
SUMS_SCHEMA = pa.schema(
    [
        ("product_id", pa.binary()),
        ("store_id", pa.binary()),
        ("day", pa.int32()),
        ("units", pa.float64()),
        ("revenue", pa.float64()),
        ("priced", pa.float64()),
    ]
)


class SumDays(beam.DoFn):
    """Arrow IPC streams of events to (bucket of products, Arrow IPC stream of `SUMS_SCHEMA`): purchases of each day.

    Days are those of the shop's calendar. A worker holds one batch, and the ids of the products table. `DAYS` gets
    (first, last) day with an event of any kind; events of unknown products go to `QUARANTINED`.
    """

    def __init__(
        self,
        weeks: ShopWeeks,
        bought: str,
        buckets: int,
        *,
        by_store: bool,
        most_pieces: float | None,
        user_id_key: str | None,
    ) -> None:
        self._weeks, self._bought, self._buckets = weeks, bought.encode(), buckets
        self._by_store, self._most_pieces, self._user_id_key = by_store, most_pieces, user_id_key

    def process(self, stream: bytes, known_ids: Iterable[bytes] | None) -> Iterator[Any]:
        """Handles one batch."""
        events = from_bytes(stream)
        counts = EventCounts(events=len(events))
        ids = concatenated(known_ids) if known_ids is not None else None
        if ids is not None:
            known = pc.is_in(events["product_id"], value_set=ids["product_id"].combine_chunks())
            unknown = events.filter(pc.invert(known))
            counts.unknown_product_events = len(unknown)
            for row in unknown.to_pylist():
                line = quarantine_line("events", UNKNOWN_PRODUCT, UNKNOWN_PRODUCT_DETAIL, row, self._user_id_key)
                yield beam.pvalue.TaggedOutput(QUARANTINED, line)
            events = events.filter(known)
        counts.events_without_time = events["timestamp"].null_count
        yield beam.pvalue.TaggedOutput(COUNTS, counts)
        events = events.filter(events["timestamp"].is_valid())
        if not len(events):
            return
        days = self._weeks.days(events["timestamp"].to_numpy())
        yield beam.pvalue.TaggedOutput(DAYS, (int(days.min()), int(days.max())))
        bought = pc.equal(events["event_type"], self._bought)
        events = events.append_column("day", pa.array(days.astype(np.int32))).filter(bought)
        if self._most_pieces is not None:
            few = _numbers(events, "quantity", 1.0) <= self._most_pieces
            yield beam.pvalue.TaggedOutput(FILTERED, Counter(rows_of_too_many_pieces=int((~few).sum())))
            events = events.filter(pa.array(few))
        if not len(events):
            return
        yield from by_product_bucket(self._daily(events), self._buckets)

    def _daily(self, events: pa.Table) -> pa.Table:
        units = _numbers(events, "quantity", 1.0)
        price = _numbers(events, "price", np.nan)
        # A piece that was given away says nothing of the price.
        priced = np.isfinite(price) & (units > 0)
        stores = "store_id" in events.column_names and self._by_store
        rows = pa.table(
            {
                "product_id": events["product_id"].cast(pa.binary()),
                "store_id": events["store_id"].cast(pa.binary()) if stores else pa.nulls(len(events), pa.binary()),
                "day": events["day"],
                "units": units,
                "revenue": np.where(priced, np.nan_to_num(price) * units, 0.0),
                "priced": np.where(priced, units, 0.0),
            },
            SUMS_SCHEMA,
        )
        return add_up(rows)


def add_up(rows: pa.Table) -> pa.Table:
    """Returns rows of `SUMS_SCHEMA` with one of each product, store and day."""
    summed = rows.group_by(_KEYS).aggregate([(name, "sum") for name in _VALUES])
    names = {f"{name}_sum": name for name in _VALUES}
    return summed.rename_columns([names.get(name, name) for name in summed.column_names]).select(SUMS_SCHEMA.names)


def by_product_bucket(table: pa.Table, buckets: int) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, Arrow IPC stream of the rows of its products); a product's bucket is the same in every run."""
    encoded = table["product_id"].combine_chunks().cast(pa.binary()).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    of_product = np.array([user_bucket(each, buckets) for each in encoded.dictionary.to_pylist()], np.int64)
    yield from split_by_bucket(table, of_product[encoded.indices.to_numpy()])


class BucketRows(beam.DoFn):
    """Arrow IPC streams of a table with a product_id to (bucket of products, Arrow IPC stream)."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets

    def process(self, stream: bytes) -> Iterator[tuple[int, bytes]]:
        """Handles one batch."""
        table = from_bytes(stream)
        if len(table):
            yield from by_product_bucket(table, self._buckets)


def widest(days: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Returns the first and the last of all days; (0, -1) where there are none. Associative."""
    found = [each for each in days if each[1] >= each[0]]
    if not found:
        return 0, -1
    return min(first for first, _ in found), max(last for _, last in found)


def _numbers(events: pa.Table, name: str, missing: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    if name not in events.column_names:
        return np.full(len(events), missing)
    values = pc.fill_null(events[name].cast(pa.float64()), missing)
    return np.asarray(values.to_numpy())
