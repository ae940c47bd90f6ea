"""Beam steps that deal users out to buckets, each of which is handled in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.counts import EventCounts
from components.events.options import LEAST_LIKED_VALUE, EventOptions
from components.tables.quarantine import UNKNOWN_PRODUCT, UNKNOWN_PRODUCT_DETAIL, quarantine_line
from components.tables.read_back import concatenated, from_bytes, to_bytes
from components.tables.user_buckets import split_by_user
from serving.graph.time_units import HOUR_SECONDS

EVENTS, HOURS, QUARANTINED, COUNTS = "events", "hours", "quarantined", "counts"
_SHOWN_NAMES = 10


class BucketEvents(beam.DoFn):
    """Arrow IPC streams of events to (bucket, Arrow IPC stream of the columns that `order_events` wants).

    A user's bucket is the same in every run; guests, who have no id, are dealt out by their baskets. Events of unknown
    products go to the output `QUARANTINED` as lines of JSON. `HOURS` gets the number of events
    of each hour, `COUNTS` what else is counted. Columns of `amounts` (float) are kept too, null where the table has no
    such column, and those of `texts` (binary), which the table must have. Where events have positions, a user's baskets
    are kept only if `position_baskets`: histories take events at one position for one group, whatever basket they name.

    Side input:
        known_ids: Arrow IPC streams of the product ids of the products table, or None where there is no such
            table; each worker holds them.
    """

    def __init__(
        self,
        options: EventOptions,
        time_column: str,
        buckets: int,
        *,
        amounts: tuple[str, ...] = (),
        texts: tuple[str, ...] = (),
        position_baskets: bool = False,
    ) -> None:
        self._options, self._time_column, self._buckets = options, time_column, buckets
        self._amounts, self._texts = amounts, texts
        self._keeps_baskets = position_baskets or time_column == "timestamp"

    def process(self, stream: bytes, known_ids: Iterable[bytes] | None) -> Iterator[Any]:
        """Handles one batch."""
        events = from_bytes(stream)
        counts = EventCounts(events=len(events))
        ids = concatenated(known_ids) if known_ids is not None else None
        if ids is not None:
            known = pc.is_in(events["product_id"], value_set=ids["product_id"].combine_chunks())
            unknown_events = events.filter(pc.invert(known))
            events = events.filter(known)
            counts.unknown_product_events = len(unknown_events)
            for row in unknown_events.to_pylist():
                key = self._options.user_id_key
                line = quarantine_line("events", UNKNOWN_PRODUCT, UNKNOWN_PRODUCT_DETAIL, row, key)
                yield beam.pvalue.TaggedOutput(QUARANTINED, line)
        types = pa.array([name.encode() for name in self._options.event_types], pa.binary())
        event_type = pc.index_in(self._named_types(events), value_set=types)
        if event_type.null_count:
            strange = pc.value_counts(events["event_type"].filter(event_type.is_null())).to_pylist()
            strange.sort(key=lambda entry: (-entry["counts"], entry["values"]))
            names = {entry["values"].decode("utf-8", "replace"): entry["counts"] for entry in strange[:_SHOWN_NAMES]}
            counts.strange_types = Counter(names)
        time = events[self._time_column]
        counts.events_without_time = time.null_count
        usable = pc.and_(event_type.is_valid(), time.is_valid())
        narrow = pa.table(
            {
                "user_id": events["user_id"],
                "product_id": events["product_id"],
                "event_type": event_type.cast(pa.int8()),
                "time": time,
                "basket_id": self._baskets(events),
                **{name: _amount(events, name) for name in self._amounts},
                **{name: events[name] for name in self._texts},
            }
        ).filter(usable)
        yield beam.pvalue.TaggedOutput(COUNTS, counts)
        if self._time_column == "timestamp":
            hours, sizes = np.unique(narrow["time"].to_numpy() // HOUR_SECONDS, return_counts=True)
            yield beam.pvalue.TaggedOutput(HOURS, Counter(dict(zip(hours.tolist(), sizes.tolist(), strict=True))))
        yield from split_by_user(narrow, self._buckets)

    def _named_types(self, events: pa.Table) -> pa.ChunkedArray:
        """Returns the event types; what is rated low is of the type that the options name for it."""
        named, low = events["event_type"], self._options.low_rated_type
        if low is None or "value" not in events.column_names:
            return named
        rated_low = pc.fill_null(pc.less(events["value"], LEAST_LIKED_VALUE), False)
        return pc.if_else(rated_low, pa.scalar(low.encode(), named.type), named)

    def _baskets(self, events: pa.Table) -> pa.ChunkedArray:
        if "basket_id" not in events.column_names:
            return pa.chunked_array([pa.nulls(len(events), pa.binary())])
        baskets = events["basket_id"]
        if self._keeps_baskets:
            return baskets
        # A basket is all that is known of a guest.
        return pc.if_else(events["user_id"].is_null(), baskets, pa.scalar(None, baskets.type))


class BucketUsers(beam.DoFn):
    """Arrow IPC streams of the users table to (bucket, Arrow IPC stream), with the buckets of `BucketEvents`."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets

    def process(self, stream: bytes) -> Iterator[tuple[int, bytes]]:
        """Handles one batch."""
        yield from split_by_user(from_bytes(stream), self._buckets)


def take_product_ids(stream: bytes) -> bytes:
    """Returns an Arrow IPC stream with the column product_id alone."""
    return to_bytes(from_bytes(stream).select(["product_id"]).combine_chunks())


def _amount(events: pa.Table, name: str) -> pa.ChunkedArray:
    if name in events.column_names:
        return events[name].cast(pa.float32())
    return pa.chunked_array([pa.nulls(len(events), pa.float32())])
