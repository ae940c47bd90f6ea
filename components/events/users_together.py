"""The Beam transform that brings all that is known of a user together, many users at a time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from tfx.types.artifact import Artifact

from components.events.buckets import COUNTS, EVENTS, HOURS, QUARANTINED, BucketEvents, BucketUsers, take_product_ids
from components.events.counts import EventCounts, SumCounters, SumCounts, write_event_counts
from components.events.options import EventOptions
from components.tables.quarantine import WriteQuarantine
from components.tables.read_back import ReadTable, bucket_count, from_bytes, input_files, table_rows

USERS = "users"

# A bucket's number, and the Arrow IPC streams of the rows of its users by table: `EVENTS` and maybe `USERS`.
Bucket = tuple[int, Mapping[str, Iterable[bytes]]]


class TablePaths(NamedTuple):
    """Parquet files of each table; a table that a shop lacks has none."""

    events: list[str]
    products: list[str]
    users: list[str]

    @classmethod
    def of(cls, inputs: Mapping[str, Sequence[Artifact]]) -> "TablePaths":
        """Returns the files of a node's inputs."""
        return cls(*(input_files(inputs, name) for name in cls._fields))


class UsersTogether(NamedTuple):
    """What comes of the tables.

    Attributes:
        buckets: `Bucket`s; each user is in one.
        events_by_hour: One Counter: number of events of each hour since 1970. Empty where events have positions.
        products: Side input of the products table as Arrow IPC streams; None where there is no such table.
        number_of_buckets: How many there may be.
    """

    buckets: beam.PCollection[Bucket]
    events_by_hour: beam.PCollection[Any]
    products: beam.pvalue.AsIter | None
    number_of_buckets: int


class BringUsersTogether(beam.PTransform):
    """Reads the tables and brings the rows of each user together; quarantines events of unknown products on the way.

    Rows travel as Arrow IPC streams: the events of a bucket of some 100,000 through one CoGroupByKey, the products
    table as a side input.

    Args:
        tables: What to read.
        options: The event types, and what is done about events of unknown products.
        time_column: The column that orders events, `timestamp` or `position`.
        product_columns: Columns of the products table to read.
        quarantine_uri: Where events of unknown products go.
        counts_uri: Where `EventCounts` are written.
        amounts: Columns of events that are kept as float32, null where the table has no such column.
        texts: Columns of events that are kept as they are, which the table has.
    """

    def __init__(
        self,
        tables: TablePaths,
        options: EventOptions,
        *,
        time_column: str,
        product_columns: Sequence[str],
        quarantine_uri: str,
        counts_uri: str,
        amounts: tuple[str, ...] = (),
        texts: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._tables, self._product_columns = tables, product_columns
        self._quarantine_uri, self._counts_uri = quarantine_uri, counts_uri
        self._buckets = bucket_count(table_rows(tables.events))
        self._bucketing = BucketEvents(options, time_column, self._buckets, amounts=amounts, texts=texts)

    def expand(self, pipeline: beam.Pipeline) -> Any:
        """Adds the steps to a pipeline; returns `UsersTogether`."""
        products = product_ids = None
        if self._tables.products:
            batches = pipeline | "ReadProducts" >> ReadTable(self._tables.products, self._product_columns)
            products = beam.pvalue.AsIter(batches)
            product_ids = beam.pvalue.AsIter(batches | "TakeProductIds" >> beam.Map(take_product_ids))
        events = (
            pipeline
            | "ReadEvents" >> ReadTable(self._tables.events)
            | "BucketEvents"
            >> beam.ParDo(self._bucketing, product_ids).with_outputs(QUARANTINED, COUNTS, HOURS, main=EVENTS)
        )
        _ = events[QUARANTINED] | "WriteQuarantine" >> WriteQuarantine(self._quarantine_uri)
        tables = {EVENTS: events[EVENTS]}
        if self._tables.users:
            users = pipeline | "ReadUsers" >> ReadTable(self._tables.users)
            tables[USERS] = users | "BucketUsers" >> beam.ParDo(BucketUsers(self._buckets))
        buckets = tables | "BringTogether" >> beam.CoGroupByKey()
        _ = (
            (events[COUNTS], buckets | "CountUsers" >> beam.Map(count_users))
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(SumCounts(EventCounts))
            | "WriteCounts" >> beam.Map(write_event_counts, self._counts_uri)
        )
        return UsersTogether(
            buckets=buckets,
            events_by_hour=events[HOURS] | "AddUpHours" >> beam.CombineGlobally(SumCounters()),
            products=products,
            number_of_buckets=self._buckets,
        )


def count_users(bucket: Bucket) -> EventCounts:
    """Returns how many users the tables have in a bucket, and how many both have."""
    in_events, in_table = (_user_ids(bucket[1].get(name, ())) for name in (EVENTS, USERS))
    both = pc.sum(pc.is_in(in_table, value_set=in_events)).as_py() or 0
    return EventCounts(users=len(in_events), users_in_table=len(in_table), users_in_both=both)


def _user_ids(streams: Iterable[bytes]) -> pa.Array:
    """Returns the distinct users of some rows; a guest, who has no id, is none of them."""
    found = [pc.unique(from_bytes(stream)["user_id"]).cast(pa.large_binary()) for stream in streams]
    return pc.unique(pa.chunked_array(found, pa.large_binary())).drop_null()
