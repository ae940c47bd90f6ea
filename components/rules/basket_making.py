"""The Beam transform from a table of events to baskets of the catalogue's products."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from components.events.buckets import COUNTS, HOURS, QUARANTINED, BucketEvents
from components.events.counts import SumCounters
from components.events.moments import SplitMoments
from components.events.options import EventOptions
from components.rules.baskets import known_events, make_baskets
from components.tables.read_back import ReadTable, bucket_count, concatenated, table_rows, to_bytes
from trainer.artifacts.catalogue import load_catalogue

EVENT_COUNTS = ("bought_events", "bought_events_without_basket_id", "cut_events", "oversized_baskets")
_BASKETS = "baskets"
_COLUMNS = ("user_id", "product_id", "event_type", "timestamp", "position", "basket_id")


class MadeBaskets(NamedTuple):
    """What comes of the events.

    Attributes:
        baskets: Arrow IPC streams with `BASKETS_SCHEMA`; items are rows of the catalogue.
        counts: One Counter of `EVENT_COUNTS`; `cut_events` are bought before validation, in baskets that reach into it.
    """

    baskets: beam.PCollection[bytes]
    counts: beam.PCollection[Counter[str]]


class MakeBaskets(beam.PTransform):
    """Reads events and brings together what was bought together.

    Events are cut by a hash of the user into buckets of some 100,000, and a bucket is handled in memory.

    Args:
        events: Parquet files of the events table.
        catalogue_uri: The catalogue artifact.
        facts: Its facts: event types and weights, what bought is, and where the periods begin.
        max_products: Products of a basket at the most; larger ones are left out and counted.
        time_zone: Where the day begins and ends that makes a basket of events without a basket_id.
    """

    def __init__(
        self, events: Sequence[str], catalogue_uri: str, facts: dict[str, Any], max_products: int, time_zone: str
    ) -> None:
        super().__init__()
        self._events, self._making = list(events), _MakeBaskets(catalogue_uri, facts, max_products, time_zone)
        self._time_column = "timestamp" if facts["has_timestamps"] else "position"
        # Events of unknown products are no matter here: what is not in the catalogue is in no basket.
        self._options = EventOptions(
            event_types=facts["event_types"], max_unknown_product_fraction=1.0, user_id_key=None
        )

    def expand(self, pipeline: beam.Pipeline) -> Any:
        """Adds the steps to a pipeline; returns `MadeBaskets`."""
        bucketing = BucketEvents(
            self._options, self._time_column, bucket_count(table_rows(self._events)), position_baskets=True
        )
        buckets = (
            pipeline
            | "ReadEvents" >> ReadTable(self._events, _COLUMNS)
            | "BucketEvents" >> beam.ParDo(bucketing, None).with_outputs(QUARANTINED, COUNTS, HOURS, main="events")
        )
        made = (
            buckets["events"]
            | "BringUsersTogether" >> beam.GroupByKey()
            | "MakeBaskets" >> beam.ParDo(self._making).with_outputs(COUNTS, main=_BASKETS)
        )
        return MadeBaskets(
            baskets=made[_BASKETS], counts=made[COUNTS] | "AddUpEvents" >> beam.CombineGlobally(SumCounters())
        )


class _MakeBaskets(beam.DoFn):
    """(bucket, Arrow IPC streams of its users' events) to an Arrow IPC stream with `BASKETS_SCHEMA`."""

    def __init__(self, catalogue_uri: str, facts: dict[str, Any], max_products: int, time_zone: str) -> None:
        self._catalogue_uri, self._max_products, self._time_zone = catalogue_uri, max_products, time_zone
        self._moments = SplitMoments(facts["validation_start"], facts["test_start"])
        self._weights, self._has_timestamps = facts["event_weights"], facts["has_timestamps"]
        self._bought = facts["event_types"].index(facts["bought_event_type"])
        self._product_ids: pa.Array | None = None

    def setup(self) -> None:
        ids = load_catalogue(self._catalogue_uri, ["product_id"])["product_id"]
        self._product_ids = ids.combine_chunks().cast(pa.binary())

    def process(self, bucket: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        events = concatenated(bucket[1])
        if events is None:
            return
        known = known_events(events, self._moments, self._weights, has_timestamps=self._has_timestamps)
        events, cut = (part.filter(pc.equal(part["event_type"], self._bought)) for part in known)
        baskets = make_baskets(
            events, self._product_ids, has_timestamps=self._has_timestamps, time_zone=self._time_zone
        )
        sizes = pc.list_value_length(baskets["items"])
        kept = baskets.filter(pc.less_equal(sizes, self._max_products))
        counts = Counter(
            bought_events=len(events),
            bought_events_without_basket_id=events["basket_id"].null_count,
            cut_events=len(cut),
            oversized_baskets=len(baskets) - len(kept),
        )
        yield beam.pvalue.TaggedOutput(COUNTS, counts)
        if len(kept):
            yield to_bytes(kept.combine_chunks())
