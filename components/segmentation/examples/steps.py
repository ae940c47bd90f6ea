"""Beam steps over buckets of users: what products cost, what tiers are, and the examples."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.events.buckets import EVENTS
from components.events.example_files import write_examples
from components.events.history import IntArray
from components.events.list_columns import lists, with_attributes
from components.events.users_together import USERS, Bucket
from components.products.catalogue import write_catalogue
from components.segmentation.discovery.users import discovered_segments
from components.segmentation.examples.moments import SegmentMoments, rounded_spends, tiers_of
from components.segmentation.examples.options import SegmentationExamplesOptions, SegmentOptions
from components.segmentation.examples.products import describe_products, product_sums
from components.segmentation.examples.user_events import UserEvents, baseline_numbers, histories, order_user_events
from components.tables.read_back import concatenated, from_bytes, to_bytes

SUMS, SPENDS, SEGMENTS = "sums", "spends", "segments"
SPLITS = ("train", "eval", "test", "current")
SEGMENT = "segment"
NO_LABEL = -1
_HASHED = 1 << 32


class SegmentLabels(NamedTuple):
    """What the labels stand for.

    Attributes:
        labels: Their names, in order.
        cuts: Spends between tiers; empty for given segments.
        given: Whether a user has one for good, from the users table or by discovery, and no tier at a moment.
    """

    labels: tuple[str, ...]
    cuts: tuple[float, ...]
    given: bool


class SumUp(beam.DoFn):
    """A bucket to a stream of `product_sums`, `SPENDS` to learn tiers from, and `SEGMENTS` of training users."""

    def __init__(self, options: SegmentationExamplesOptions, *, given: bool) -> None:
        self._options, self._given = options, given

    def process(self, bucket: Bucket, moments: SegmentMoments) -> Iterator[Any]:
        """Handles one bucket; memory grows with its events."""
        events = bucket_events(bucket, self._options)
        if events is None:
            return
        options = self._options.segments
        yield to_bytes(product_sums(events, moments.test))
        events = events.of_users()
        spends: Counter[float] = Counter()
        segments: Counter[str] = Counter()
        if self._given:
            given = given_segments(events, concatenated(bucket[1].get(USERS, ())))
            shares = user_shares(events.users, SEGMENT)
            learned = shares >= options.eval_fraction + options.test_fraction
            segments.update(name for name, kept in zip(given, learned, strict=True) if kept and name is not None)
        else:
            for moment in moments.train:
                users = events.active(moment, options.active_seconds)
                spends += rounded_spends(_period_spends(events, moment, options)[users])
        yield beam.pvalue.TaggedOutput(SPENDS, spends)
        yield beam.pvalue.TaggedOutput(SEGMENTS, segments)


class DescribeProducts(beam.DoFn):
    """The merged sums to an Arrow IPC stream of product_id, kind and area; writes the catalogue artifact on the way.

    Holds the products table in memory, on one worker.
    """

    def __init__(self, options: SegmentationExamplesOptions, uri: str) -> None:
        self._areas, self._uri = options.areas, uri

    def process(self, sums: bytes | None, products: Iterable[bytes] | None) -> Iterator[bytes]:
        """Handles the one element there is."""
        table = concatenated(sorted(products)) if products is not None else None
        described = describe_products(None if sums is None else from_bytes(sums), table, self._areas)
        write_catalogue(self._uri, described)
        yield to_bytes(described.select(["product_id", "kind", "area"]).combine_chunks())


class WriteSegmentExamples(beam.DoFn):
    """A bucket to TFRecord files of tf.Examples, one of each split, named after the bucket.

    An example has `user_id`, the history (`history_ids`, `history_types`, `history_age_seconds`), `label` (a place in
    the vocabulary; -1 in the split `current`, which holds every active user at the end), `moment` (Unix seconds),
    `carried` (the tier of the period before the moment; -1 for given segments), `baseline` (floats) and
    `attribute_NAME` of each column of the users table but `segment`.

    Memory grows with the events of the bucket times the moments, and with the products' ids.
    """

    def __init__(self, options: SegmentationExamplesOptions, uris: Mapping[str, str], buckets: int) -> None:
        self._options, self._uris, self._buckets = options, dict(uris), buckets

    def process(
        self,
        bucket: Bucket,
        moments: SegmentMoments,
        segments: SegmentLabels,
        products: bytes,
        discovered: bytes | None = None,
    ) -> Iterator[Counter[str]]:
        """Handles one bucket; `discovered` is the model of discovered segments."""
        number, tables = bucket
        events = bucket_events(bucket, self._options)
        if events is None or not len(events.users):
            return
        events = events.of_users()
        users, described = concatenated(tables.get(USERS, ())), from_bytes(products)
        names = given_segments(events, users)
        if discovered is not None:
            names = discovered_segments(discovered, events, described, self._options.segments.discovery, moments.end)
        examples = _Examples(events, self._options, segments, names, described, users)
        counts: Counter[str] = Counter(users=len(events.users))
        parts: dict[str, list[pa.Table]] = {name: [] for name in SPLITS}
        if segments.given:
            chosen, labels, left_out = examples.given()
            counts.update(left_out=left_out, without_segment=len(events.users) - len(chosen) - left_out)
            shares = user_shares(events.users, SEGMENT)[chosen]
            test = self._options.segments.test_fraction
            learned = shares >= test + self._options.segments.eval_fraction
            for name, wanted in (("test", shares < test), ("eval", (shares >= test) & ~learned), ("train", learned)):
                parts[name].append(examples.table(chosen[wanted], labels[wanted], moments.end))
            if discovered is not None and self._options.segments.discovery.new_user_events:
                shortened = examples.table(
                    chosen[learned], labels[learned], moments.end, self._options.segments.discovery.new_user_events
                )
                parts["train"].append(shortened)
        else:
            for moment in moments.train:
                chosen, labels = examples.tiers(moment)
                evaluated = user_shares(events.users, SEGMENT)[chosen] < self._options.segments.eval_fraction
                for name, wanted in (("eval", evaluated), ("train", ~evaluated)):
                    parts[name].append(examples.table(chosen[wanted], labels[wanted], moment))
            chosen, labels = examples.tiers(moments.test)
            parts["test"].append(examples.table(chosen, labels, moments.test))
        now = events.active(moments.end, self._options.segments.active_seconds)
        parts["current"].append(examples.table(now, np.full(len(now), NO_LABEL), moments.end))
        for split, tables_of_split in parts.items():
            table = pa.concat_tables(tables_of_split) if tables_of_split else pa.table({})
            write_examples(self._uris[split], number, self._buckets, table)
            counts[split] += len(table)
            if len(table) and split != "current":
                places = pc.list_flatten(table["label"]).to_pylist()
                counts.update(f"{split}: {segments.labels[place]}" for place in places)
        yield counts


def given_segments(events: UserEvents, users: pa.Table | None) -> list[str | None]:
    """Returns the segment of each user with events, None where the users table gives none."""
    if users is None or SEGMENT not in users.column_names:
        return [None] * len(events.users)
    place = pc.index_in(events.users, value_set=users["user_id"].combine_chunks())
    values = users[SEGMENT].combine_chunks().take(place).to_pylist()
    return [None if not value else value.decode("utf-8", "surrogateescape") for value in values]


def user_shares(users: pa.Array, salt: str) -> npt.NDArray[np.float64]:
    """Returns a number from 0 to 1 of each user by sha256, the same in every run."""
    digests = (hashlib.sha256(salt.encode() + b"\0" + user).digest()[:4] for user in users.to_pylist())
    return np.array([int.from_bytes(digest, "big") / _HASHED for digest in digests])


def lowest_shares(shares: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.int64]:
    """Returns the places of the users with the lowest shares, in order, int64 `(at most so many,)`.

    The sample of all buckets together has no other users of a bucket than these.
    """
    return np.sort(np.argsort(shares, kind="stable")[:most])


class _Examples:
    """Makes rows of examples of a bucket."""

    def __init__(
        self,
        events: UserEvents,
        options: SegmentationExamplesOptions,
        segments: SegmentLabels,
        names: Sequence[str | None],
        products: pa.Table,
        users: pa.Table | None,
    ) -> None:
        self._events, self._options, self._segments = events, options, segments
        self._given = names
        kept = [name for name in users.column_names if name != SEGMENT] if users is not None else []
        self._users = users.select(kept) if users is not None else None
        self._types = pa.array([name.encode() for name in options.event_types], pa.binary())
        place = pc.index_in(events.product_id, value_set=products["product_id"].combine_chunks().cast(pa.binary()))
        areas = products["area"].combine_chunks().dictionary_encode()
        self._area_count = len(areas.dictionary) + 1
        # What the catalogue lacks has an area of its own.
        area = pc.fill_null(areas.indices.take(place), self._area_count - 1)
        self._areas: IntArray = area.to_numpy(zero_copy_only=False).astype(np.int64)

    def tiers(self, moment: int) -> tuple[IntArray, IntArray]:
        """Returns the active users at a moment, and the tier of what each spends after it."""
        options = self._options.segments
        users = self._events.active(moment, options.active_seconds)
        return users, tiers_of(_period_spends(self._events, moment, options)[users], self._segments.cuts)

    def given(self) -> tuple[IntArray, IntArray, int]:
        """Returns the users with a segment that is learned, its place, and how many have a rarer one."""
        place_of = {name: place for place, name in enumerate(self._segments.labels)}
        known = np.array([name is not None for name in self._given], np.bool_)
        places = np.array([place_of.get(name or "", NO_LABEL) for name in self._given], np.int64)
        users = np.flatnonzero(places >= 0)
        return users, places[users], int(known.sum()) - len(users)

    def table(self, users: IntArray, labels: IntArray, moment: int, most_events: int | None = None) -> pa.Table:
        """Returns rows of lists; `most_events` cuts histories shorter than they are elsewhere."""
        options, segments = self._options, self._options.segments
        carried = np.full(len(users), NO_LABEL)
        if not self._segments.given:
            before = self._events.total(self._events.spend, moment - segments.period_seconds, moment)
            carried = tiers_of(before[users], self._segments.cuts)
        numbers = baseline_numbers(
            self._events,
            users,
            moment,
            periods=(segments.period_seconds, segments.active_seconds),
            areas=self._areas,
            area_count=self._area_count,
        )
        width = pa.array(np.arange(len(users) + 1, dtype=np.int32) * numbers.shape[1])
        rows = {
            "user_id": self._events.users.take(pa.array(users)),
            **histories(self._events, users, moment, most_events or options.history_length, self._types),
            "label": _single(labels),
            "moment": _single(np.full(len(users), moment)),
            "carried": _single(carried),
            "baseline": pa.ListArray.from_arrays(width, pa.array(numbers.ravel())),
        }
        return with_attributes(pa.table(rows), self._users)


def _single(values: IntArray) -> pa.ListArray:
    return lists(values.astype(np.int64), np.ones(len(values), np.int64))


def _period_spends(events: UserEvents, moment: int, options: SegmentOptions) -> npt.NDArray[np.float64]:
    return events.total(events.spend, moment, moment + options.period_seconds)


def bucket_events(bucket: Bucket, options: SegmentationExamplesOptions) -> UserEvents | None:
    """Returns the events of a bucket in order, None where it has none."""
    events = concatenated(bucket[1][EVENTS])
    if events is None:
        return None
    return order_user_events(events, options.event_types.index(options.bought_event_type))
