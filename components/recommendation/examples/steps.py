"""Beam steps over the buckets of users: counting products, choosing the catalogue, writing examples."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.counts import EventCounts
from components.events.example_files import write_examples
from components.events.history import (
    EVAL_PERIOD,
    TEST_PERIOD,
    TRAIN_PERIOD,
    EventHistory,
    order_events,
)
from components.events.history_windows import lists, training_windows
from components.events.moments import SplitMoments, event_periods, window_moments
from components.events.weekly_decay import weekly_decay
from components.products.catalogue import build_catalogue, write_catalogue
from components.recommendation.examples.history_queries import evaluation_queries
from components.recommendation.examples.options import TaskExamplesOptions
from components.recommendation.examples.product_statistics import (
    STATISTICS,
    column_name,
    count_statistics,
    write_product_statistics,
)
from components.tables.read_back import concatenated, from_bytes, to_bytes

EVENTS, USERS, COUNTS = "events", "users", "counts"
ATTRIBUTE_PREFIX = "attribute_"
_COUNTS_MERGED_AT_ONCE = 16

Bucket = tuple[int, Mapping[str, Iterable[bytes]]]


class CountProducts(beam.DoFn):
    """A bucket to an Arrow IPC stream of product_id, count_N (events of each type before the test period) and more.

    `weekly_decayed` is the weight of those events, less by the weeks up to the test period where that has a moment.
    The rest are the product statistics of each of the ranker's windows, and last of the test period.
    """

    def __init__(self, options: TaskExamplesOptions) -> None:
        self._windows = options.ranker_windows
        self._weights = np.array(list(options.event_types.values()), dtype=np.float64)

    def process(self, bucket: Bucket, moments: SplitMoments) -> Iterator[Any]:
        """Handles one bucket; memory grows with its events."""
        events = concatenated(bucket[1][EVENTS])
        if events is None:
            return
        history = order_events(events)
        period = event_periods(history, moments, self._weights)
        counted = period < TEST_PERIOD
        products = history.products
        table = {"product_id": products}
        for number in range(len(self._weights)):
            chosen = history.product[counted & (history.event_type == number)]
            table[f"count_{number}"] = pa.array(np.bincount(chosen, minlength=len(products)))
        weights = self._weights[history.event_type[counted]]
        if moments.test_start is not None:
            weights = weights * weekly_decay(moments.test_start - history.time[counted])
        table["weekly_decayed"] = pa.array(np.bincount(history.product[counted], weights, minlength=len(products)))
        windows = window_moments(moments, self._windows)
        known = [
            (event_periods(history, window, self._weights) == TRAIN_PERIOD, window.validation_start)
            for window in windows
        ]
        for number, (before, moment) in enumerate([*known, (counted, moments.test_start)]):
            for name, values in count_statistics(history, before, self._weights, moment).items():
                table[column_name(name, number)] = pa.array(values)
        yield to_bytes(pa.table(table))
        seen = EventCounts(
            users=len(history.users),
            events_before_validation=int((period == TRAIN_PERIOD).sum()),
            events_after_test_start=int((period == TEST_PERIOD).sum()),
        )
        yield beam.pvalue.TaggedOutput(COUNTS, seen)


class MergeCounts(beam.CombineFn):
    """Adds up the streams of `CountProducts`; memory grows with the distinct products."""

    def create_accumulator(self) -> list[bytes]:
        """Returns no stream."""
        return []

    def add_input(self, accumulator: list[bytes], element: bytes) -> list[bytes]:
        """Adds one stream."""
        streams = [*accumulator, element]
        return streams if len(streams) < _COUNTS_MERGED_AT_ONCE else [_added_up(streams)]

    def merge_accumulators(self, accumulators: Iterable[list[bytes]]) -> list[bytes]:
        """Adds many."""
        streams = [stream for accumulator in accumulators for stream in accumulator]
        return [_added_up(streams)] if streams else []

    def extract_output(self, accumulator: list[bytes]) -> bytes | None:
        """Returns one stream, or None where nothing was counted."""
        return _added_up(accumulator) if accumulator else None


class ChooseCatalogue(beam.DoFn):
    """The merged counts to an Arrow IPC stream of the catalogue, written to the artifact on the way.

    Holds the products table in memory, on one worker.
    """

    def __init__(self, options: TaskExamplesOptions, uri: str) -> None:
        self._options, self._uri = options, uri

    def process(self, counts: bytes | None, products: Iterable[bytes] | None) -> Iterator[Any]:
        """Handles the one element there is."""
        counted = from_bytes(counts) if counts is not None else None
        if counted is None:
            names = [f"count_{number}" for number in range(len(self._options.event_types))]
            floats = ["weekly_decayed", *(column_name(name, 0) for name in STATISTICS)]
            fields = [("product_id", pa.binary()), *((name, pa.int64()) for name in names)]
            counted = pa.schema([*fields, *((name, pa.float64()) for name in floats)]).empty_table()
        table = concatenated(sorted(products)) if products is not None else None
        catalogue = build_catalogue(counted, table, self._options)
        write_catalogue(self._uri, catalogue)
        write_product_statistics(self._uri, counted, catalogue["product_id"])
        known = len(table if table is not None else counted)
        yield beam.pvalue.TaggedOutput(COUNTS, EventCounts(known_products=known, catalogue_products=len(catalogue)))
        yield to_bytes(catalogue.select(["product_id"]).combine_chunks())


class WriteExamples(beam.DoFn):
    """A bucket to TFRecord files of tf.Examples, one of each split, named after the bucket.

    Memory grows with the events of the bucket and the catalogue's ids. A file appears whole or not at all,
    and writing a bucket twice leaves the same files.
    """

    def __init__(
        self, options: TaskExamplesOptions, uris: Mapping[str, str], *, buckets: int, has_timestamps: bool
    ) -> None:
        self._options, self._uris, self._buckets, self._has_timestamps = options, dict(uris), buckets, has_timestamps
        self._weights = np.array(list(options.event_types.values()), dtype=np.float64)

    def process(self, bucket: Bucket, moments: SplitMoments, catalogue: bytes) -> Iterator[Any]:
        """Handles one bucket."""
        number, tables = bucket
        events = concatenated(tables[EVENTS])
        if events is None:
            return
        history = order_events(events)
        period = event_periods(history, moments, self._weights)
        history, kept = history.in_catalogue(from_bytes(catalogue)["product_id"].combine_chunks().cast(pa.binary()))
        period = period[kept]
        splits = {
            "train": training_windows(
                history.keep(period == TRAIN_PERIOD),
                self._weights,
                window=self._options.window,
                max_targets=self._options.max_targets,
                seed=self._options.seed,
                has_timestamps=self._has_timestamps,
            )
        }
        attributes = concatenated(tables.get(USERS, ()))
        for name, wanted in (("eval", EVAL_PERIOD), ("test", TEST_PERIOD)):
            queries = evaluation_queries(history, period, wanted, self._weights, has_timestamps=self._has_timestamps)
            splits[name] = with_attributes(queries, attributes)
        splits["ranker"] = self._ranker_queries(history, moments)
        for name, table in splits.items():
            write_examples(self._uris[name], number, self._buckets, table)
        yield EventCounts(
            filtered_events=int((~kept).sum()),
            train=len(splits["train"]),
            eval=len(splits["eval"]),
            ranker=len(splits["ranker"]),
            test=len(splits["test"]),
        )

    def _ranker_queries(self, history: EventHistory, moments: SplitMoments) -> pa.Table:
        """Returns the evaluation queries of each window, with the window's number as the list `window`."""
        tables = []
        for number, window in enumerate(window_moments(moments, self._options.ranker_windows)):
            queries = evaluation_queries(
                history,
                event_periods(history, window, self._weights),
                EVAL_PERIOD,
                self._weights,
                has_timestamps=self._has_timestamps,
                latest=self._options.ranker_history,
            )
            numbers = np.full(len(queries), number, dtype=np.int64)
            tables.append(queries.append_column("window", lists(numbers, np.ones(len(queries), dtype=np.int64))))
        return with_attributes(pa.concat_tables(tables), users=None)


def with_attributes(queries: pa.Table, users: pa.Table | None) -> pa.Table:
    """Adds a column `attribute_NAME` of binary lists for each column of the users table; null where unknown."""
    encoded = {"user_id": _as_lists(queries["user_id"].combine_chunks())}
    for name in queries.column_names[1:]:
        encoded[name] = queries[name]
    if users is not None and len(queries):
        place = pc.index_in(queries["user_id"].combine_chunks(), value_set=users["user_id"].combine_chunks())
        for name in users.column_names:
            column = users[name].combine_chunks()
            if name == "user_id" or pa.types.is_list(column.type):
                continue
            if not pa.types.is_binary(column.type):
                column = column.cast(pa.string()).cast(pa.binary())
            encoded[f"{ATTRIBUTE_PREFIX}{name}"] = _as_lists(column.take(place))
    return pa.table(encoded)


def _as_lists(column: pa.Array) -> pa.Array:
    """Returns lists of one value, null where the value is."""
    missing = column.is_null()
    lengths = np.where(missing.to_numpy(zero_copy_only=False), 0, 1)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, column.drop_null(), mask=missing)


def _added_up(streams: list[bytes]) -> bytes:
    table = pa.concat_tables([from_bytes(stream) for stream in streams])
    names = [name for name in table.column_names if name != "product_id"]
    summed = table.group_by("product_id").aggregate([(name, "sum") for name in names])
    columns = {"product_id": summed["product_id"], **{name: summed[f"{name}_sum"] for name in names}}
    return to_bytes(pa.table(columns).combine_chunks())
