"""Beam steps from events with queries to who asked, what they had had, and what they chose: for the reranker."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.example_files import write_examples
from components.events.history import IntArray, concatenated_ranges, run_starts
from components.events.list_columns import lists
from components.search.examples.behaviour import BEHAVIOUR_COLUMNS, event_weights
from components.search.examples.options import QueryOptions
from components.search.examples.query_pairs import product_index, stripped
from components.tables.read_back import ReadTable, bucket_count, concatenated, from_bytes, table_rows
from components.tables.user_buckets import split_by_user

_EVENT_COLUMNS = ("user_id", "product_id", "timestamp", "query", *BEHAVIOUR_COLUMNS)
# Users are dealt to as many folds by a hash: what is learned of some is judged on others.
FOLDS = 10


class WritePersonalExamples(beam.PTransform):
    """Reads events and writes tf.Examples, one for each user and query, as a file a bucket of users.

    An example has the features query (bytes); history_index, history_type (int64 lists) and history_age_seconds (float
    list) of the user's events before they asked it for the first time, oldest first; target_index (int64 list) and
    target_weight (float list) of the products that they chose of it; and fold (int64), which their id decides. What
    guests do, and events without a timestamp, are left out. Memory grows with a bucket of some 100,000 events.

    Args:
        paths: Parquet files of events.
        options: How events weigh.
        folder: Where to.
    """

    def __init__(self, paths: Sequence[str], options: QueryOptions, folder: str) -> None:
        super().__init__()
        self._paths, self._options, self._folder = list(paths), options, folder
        self._buckets = bucket_count(table_rows(self._paths))

    def expand(self, ids: beam.PCollection[bytes]) -> beam.PCollection[None]:
        """Adds the steps; `ids` is one Arrow IPC stream of the catalogue's product_id column."""
        return (
            ids.pipeline
            | "ReadEventsOfUsers" >> ReadTable(self._paths, _EVENT_COLUMNS)
            | "DealOutUsers" >> beam.ParDo(_DealOut(self._options, self._buckets), beam.pvalue.AsSingleton(ids))
            | "BringUsersTogether" >> beam.GroupByKey()
            | "WriteAsked" >> beam.ParDo(_Write(self._options, self._folder, self._buckets))
        )


class _DealOut(beam.DoFn):
    """Arrow IPC streams of events to (bucket, Arrow IPC stream of what counts of them)."""

    def __init__(self, options: QueryOptions, buckets: int) -> None:
        self._options, self._buckets = options, buckets

    def process(self, stream: bytes, catalogue: bytes) -> Iterator[tuple[int, bytes]]:
        """Handles one batch."""
        events = from_bytes(stream)
        if "timestamp" not in events.column_names:
            return
        names = list(self._options.event_types)
        types = pa.array([name.encode() for name in names], pa.binary())
        bought = names.index(self._options.bought_event_type)
        query = events["query"] if "query" in events.column_names else pa.nulls(len(events), pa.binary())
        narrow = pa.table(
            {
                "user_id": events["user_id"],
                "product": product_index(events, catalogue),
                # The served model reads an unknown type as a purchase.
                "type": pc.fill_null(pc.index_in(events["event_type"].cast(pa.binary()), value_set=types), bought),
                "time": events["timestamp"],
                "query": stripped(pc.fill_null(query, b"")),
                "weight": event_weights(events, self._options.event_types, self._options.satisfied_seconds),
            }
        )
        usable = pc.and_(pc.and_(narrow["user_id"].is_valid(), narrow["product"].is_valid()), narrow["time"].is_valid())
        yield from split_by_user(narrow.filter(usable), self._buckets)


class _Write(beam.DoFn):
    """A bucket of users to a file."""

    def __init__(self, options: QueryOptions, folder: str, buckets: int) -> None:
        self._options, self._folder, self._buckets = options, folder, buckets

    def process(self, bucket: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """Handles one bucket."""
        number, streams = bucket
        events = concatenated(streams)
        if events is not None:
            write_examples(
                self._folder, number, self._buckets, personal_examples(events, self._options.personal_history)
            )
        yield from ()


def personal_examples(events: pa.Table, most_events: int) -> pa.Table:
    """Makes the examples of some users.

    Args:
        events: Columns user_id (binary), product, type (integers), time (Unix seconds), query (string, empty for none)
            and weight (float).
        most_events: Events of a history to keep at the most, the latest.

    Returns:
        Columns of lists, as `WritePersonalExamples` describes the features, in the order of users and queries.
    """
    users = events["user_id"].combine_chunks().dictionary_encode()
    queries = events["query"].combine_chunks().dictionary_encode()
    user, query = (_ranks(each) for each in (users, queries))
    product, kind, time = (events[name].to_numpy().astype(np.int64) for name in ("product", "type", "time"))
    weight = events["weight"].to_numpy()
    order = np.lexsort((kind, product, query, time, user))
    user, query, product, kind, time, weight = (each[order] for each in (user, query, product, kind, time, weight))
    names = np.sort(np.array(queries.dictionary.to_pylist(), object))
    asked = np.flatnonzero((names[query] != "") & (weight > 0.0)) if len(names) else np.zeros(0, np.int64)
    # By user and query, and of each the earliest first.
    asked = asked[np.lexsort((asked, query[asked], user[asked]))]
    starts = np.flatnonzero(run_starts(user[asked], query[asked]))
    first = asked[starts]
    user_start = np.searchsorted(user, user[first])
    moments = np.flatnonzero(run_starts(user, time))
    before = moments[np.searchsorted(moments, first, side="right") - 1]
    lengths = np.minimum(before - user_start, most_events)
    events_of = concatenated_ranges(before - lengths, lengths)
    ages = (np.repeat(time[first], lengths) - time[events_of]).astype(np.float32)
    keys = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(asked))))
    chosen, place = np.unique(np.stack([keys, product[asked]]), axis=1, return_inverse=True)
    weights = np.bincount(place.ravel(), weight[asked], minlength=chosen.shape[1]).astype(np.float32)
    ids = np.sort(np.array(users.dictionary.to_pylist(), object))
    folds = np.array([_fold(ids[number]) for number in user[first]], np.int64)
    ones = np.ones(len(first), np.int64)
    texts = pa.array([names[number].encode() for number in query[first]], pa.binary())
    return pa.table(
        {
            "query": pa.ListArray.from_arrays(pa.array(np.arange(len(first) + 1), pa.int32()), texts),
            "history_index": lists(product[events_of], lengths),
            "history_type": lists(kind[events_of], lengths),
            "history_age_seconds": lists(ages, lengths),
            "target_index": lists(chosen[1], np.bincount(chosen[0], minlength=len(first))),
            "target_weight": lists(weights, np.bincount(chosen[0], minlength=len(first))),
            "fold": lists(folds, ones),
        }
    )


def _ranks(column: pa.DictionaryArray) -> IntArray:
    """Returns each value's place among the distinct values in their order."""
    values = np.array(column.dictionary.to_pylist(), object)
    place = np.empty(len(values), np.int64)
    place[np.argsort(values, kind="stable")] = np.arange(len(values))
    ranks: IntArray = place[column.indices.to_numpy()] if len(values) else np.zeros(0, np.int64)
    return ranks


def _fold(user_id: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"fold" + user_id).digest()[:8], "big") % FOLDS
