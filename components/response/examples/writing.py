"""The Beam step that gives impressions their features and writes them."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from components.events.example_files import write_examples
from components.events.list_columns import single_values
from components.response.examples.options import ResponseExamplesOptions
from components.response.examples.ordered_rows import OrderedRows
from components.response.examples.reading import (
    ITEM,
    KNOWN_AT,
    NEVER,
    OFFER_SHOWN,
    outcome_column,
)
from components.tables.read_back import concatenated
from components.time_zones import wall_from_unix
from serving.graph.history import History
from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS
from serving.response.features import ItemCounts, ResponseFeatures, Shown
from trainer.response.items import load_items

# The last one asks what would come of each current offer now; nothing has come of it yet.
CURRENT = "current"
SPLITS = ("train", "eval", "test", CURRENT)
_AT_ONCE = 1024
_HASHED = 1 << 32

IntArray = npt.NDArray[np.int64]


class ResponseMoments(NamedTuple):
    """Where the periods begin, in Unix seconds; None where users are split instead."""

    validation: int | None
    test: int | None


class CurrentOffers(NamedTuple):
    """The offers that may be shown now.

    Attributes:
        now: Unix seconds: the end of the hour of the latest event or impression.
        items: Their places; at most `MOST_CURRENT`.
        shown: How often each was shown.
        outcomes: How often each outcome came of each.
    """

    now: int
    items: Sequence[int]
    shown: Sequence[float]
    outcomes: Sequence[Sequence[float]]


class WriteResponseExamples(beam.DoFn):
    """(bucket, its tables) to TFRecord files of tf.Examples, one of each split, named after the bucket.

    An example has `numbers` (floats, NaN where unknown), `categories` (bytes) and `vectors` (floats) in the order of
    the artifact's facts; `item`, `user_id`, `campaign_id` and `treatment` (bytes), `shown_at`, `position` (float),
    `propensity`, `outcomes` (floats) and `weight`. Memory grows with the bucket's events and impressions.
    """

    def __init__(
        self, options: ResponseExamplesOptions, catalogue_uri: str, uris: Mapping[str, str], buckets: int
    ) -> None:
        self._options, self._catalogue_uri = options, catalogue_uri
        self._uris, self._buckets = dict(uris), buckets

    def setup(self) -> None:
        """Loads what is known of the items."""
        options = self._options
        self._items = load_items(self._catalogue_uri)
        self._features = ResponseFeatures(self._items, options.event_types, options.outcomes)
        self._product_ids = pa.array(self._items.product_ids, pa.binary())
        self._compute = tf.function(self._features.compute, reduce_retracing=True)

    def process(
        self, element: tuple[int, Mapping[str, Iterable[Any]]], moments: ResponseMoments, current: CurrentOffers
    ) -> Iterator[Any]:
        """Handles one bucket."""
        number, tables = element
        impressions = concatenated(tables["impressions"])
        if impressions is None:
            return
        events, users = self._of_users(tables)
        ids = [each["user_id"].cast(pa.binary()) for each in (impressions, events) if each is not None]
        known = pc.unique(pa.chunked_array([chunk for each in ids for chunk in each.chunks], pa.binary())).drop_null()
        rows = OrderedRows(with_current(impressions, known, current, self._options), known, "shown_at", ITEM)
        past = None if events is None else OrderedRows(self._numbered(events), known, "time", "product")
        splits, weight = self._splits(rows, moments)
        splits = np.where(rows.moment == current.now, SPLITS.index(CURRENT), splits)
        weight = np.where(rows.moment == current.now, np.float32(1), weight)
        counts: Counter[str] = Counter()
        parts: dict[str, list[pa.Table]] = {name: [] for name in SPLITS}
        for place, split in enumerate(SPLITS):
            wanted = np.flatnonzero((splits == place) & (weight > 0))
            for start in range(0, len(wanted), _AT_ONCE):
                chosen = wanted[start : start + _AT_ONCE]
                columns = self._examples(rows, chosen, past, users, moments)
                parts[split].append(pa.table({**columns, "weight": _lists(weight[chosen][:, None])}))
        for split, written in parts.items():
            whole = pa.concat_tables(written) if written else pa.table({})
            write_examples(self._uris[split], number, self._buckets, whole)
            counts[split] += len(whole)
            if len(whole):
                outcomes = whole["outcomes"].combine_chunks().flatten().to_numpy().reshape(len(whole), -1)
                for name, happened in zip(self._options.outcomes, outcomes.sum(axis=0).tolist(), strict=True):
                    counts[f"{split}: {name}"] += int(happened)
        yield counts

    def _numbered(self, events: pa.Table) -> pa.Table:
        product = pc.index_in(events["product_id"].cast(pa.binary()), value_set=self._product_ids)
        return events.append_column("product", pc.fill_null(product, -1).cast(pa.int64()))

    def _of_users(self, tables: Mapping[str, Iterable[Any]]) -> tuple[pa.Table | None, pa.Table | None]:
        together: Sequence[Mapping[str, Iterable[bytes]]] = list(tables.get("together", ()))
        events = concatenated(stream for each in together for stream in each.get("events", ()))
        users = concatenated(stream for each in together for stream in each.get("users", ()))
        return events, users

    def _splits(self, rows: OrderedRows, moments: ResponseMoments) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Returns the split of each row, and what it counts for; 0 leaves it out."""
        options = self._options
        shown_at, window = rows.moment, round((options.window_days or 0) * DAY_SECONDS)
        if moments.test is None or moments.validation is None:
            shares = _user_shares(rows)
            test = options.split.test_fraction
            split = np.where(shares < test, 2, np.where(shares < test + options.split.eval_fraction, 1, 0))
        else:
            # What may still be answered when the test begins says too little to calibrate by.
            finished = shown_at + window <= moments.test
            split = np.where(shown_at >= moments.test, 2, np.where((shown_at >= moments.validation) & finished, 1, 0))
        kept = rows.happened(options.outcomes).any(axis=1) | (split != 0) | (_row_shares(rows) < options.negatives)
        weight = np.where((split == 0) & ~rows.happened(options.outcomes).any(axis=1), 1.0 / options.negatives, 1.0)
        return split, np.where(kept, weight, 0.0).astype(np.float32)

    def _examples(
        self,
        rows: OrderedRows,
        chosen: IntArray,
        events: OrderedRows | None,
        users: pa.Table | None,
        moments: ResponseMoments,
    ) -> dict[str, pa.Array]:
        """Returns the features of some rows."""
        options, table = self._options, rows.table
        now = rows.moment[chosen]
        history = _history(events, rows.user[chosen], now, options)
        past = rows.before(rows.user[chosen], now, options.shown_length)
        shown_at = past.take(rows.moment, 0)
        level = np.where(past.take(rows.known_at, 0) < now[:, None], past.take(rows.level(options.outcomes), -1), -1)
        shown = Shown(
            tf.constant(past.take(rows.item, -1), tf.int32),
            tf.constant(level, tf.int32),
            tf.constant(np.maximum(now[:, None] - shown_at, 0), tf.float32),
        )
        counts = ItemCounts(
            tf.constant(table[OFFER_SHOWN].to_numpy()[chosen][:, None]),
            tf.constant(
                np.stack([table[f"offer_{name}"].to_numpy()[chosen] for name in options.outcomes], axis=1)[:, None, :]
            ),
        )
        item = rows.item[chosen]
        found = self._compute(history, shown, tf.constant(item[:, None], tf.int32), counts)
        context = [table[name].to_numpy()[chosen] for name in options.impression_numbers]
        numbers = np.concatenate([found.numbers.numpy()[:, 0], *(each[:, None] for each in context)], axis=1)
        happened = rows.happened(options.outcomes)[chosen].astype(np.float32)
        if moments.test is not None:
            # Before the test begins nobody knows what will still come of an impression.
            unknown = (now < moments.test) & (rows.known_at[chosen] >= moments.test)
            happened[unknown] = 0.0
        names = table.column_names
        return {
            "numbers": _lists(numbers),
            "categories": _bytes_lists(self._categories(rows, chosen, users)),
            "vectors": _lists(found.vectors.numpy()[:, 0]),
            "outcomes": _lists(happened),
            "item": pa.array([[each] for each in np.array(self._items.item_ids, object)[item]], pa.list_(pa.binary())),
            "shown_at": pa.array(now[:, None].tolist(), pa.list_(pa.int64())),
            **{
                name: single_values(table[name].combine_chunks().take(pa.array(chosen)))
                for name in ("user_id", "campaign_id", "treatment", "position", "propensity")
                if name in names
            },
        }

    def _categories(self, rows: OrderedRows, chosen: IntArray, users: pa.Table | None) -> list[list[bytes]]:
        options, table = self._options, rows.table
        of_request = _texts_of_request(options)
        columns = [table[name].take(pa.array(chosen)).fill_null(b"").to_pylist() for name in of_request]
        columns += [
            _user_values(users, table["user_id"].take(pa.array(chosen)), name) for name in options.user_features
        ]
        if options.clock:
            wall = wall_from_unix(rows.moment[chosen], options.time_zone)
            weekday, hour = (wall // DAY_SECONDS + 3) % 7, wall % DAY_SECONDS // HOUR_SECONDS
            columns += [[str(each).encode() for each in part.tolist()] for part in (weekday, hour)]
        of_item = self._items.categories[rows.item[chosen]]
        return [[*request, *item] for request, item in zip(zip(*columns, strict=True), of_item.tolist(), strict=True)]


def with_current(
    impressions: pa.Table, users: pa.Array, current: CurrentOffers, options: ResponseExamplesOptions
) -> pa.Table:
    """Returns impressions with one more of each current offer to each user, of which nothing is known yet.

    They are as of a moment at which nothing else was shown, so that none of them is before any other.
    """
    rows = len(users) * len(current.items)
    columns: dict[str, Any] = {
        "user_id": pa.array(users.to_pylist() * len(current.items), pa.binary()),
        ITEM: np.repeat(np.array(current.items, np.int64), len(users)),
        "shown_at": np.full(rows, current.now, np.int64),
        KNOWN_AT: np.full(rows, NEVER, np.int64),
        OFFER_SHOWN: np.repeat(np.array(current.shown, np.float32), len(users)),
    }
    for place, name in enumerate(options.outcomes):
        counts = np.array([each[place] for each in current.outcomes], np.float32)
        columns |= {f"offer_{name}": np.repeat(counts, len(users)), outcome_column(name): np.zeros(rows, np.int8)}
    known = pa.table(columns)
    missing = {name: pa.nulls(rows, impressions.schema.field(name).type) for name in impressions.column_names}
    asked = pa.table({**missing, **{name: known[name] for name in known.column_names}})
    return pa.concat_tables([impressions, asked.select(impressions.column_names).cast(impressions.schema)])


def request_names(options: ResponseExamplesOptions) -> dict[str, list[str]]:
    """Returns the names of what only a request can tell, `request_texts` and `request_numbers`.

    Categories of an example are the texts, then weekday and hour where the clock counts, then those of the item.
    """
    texts = [*_texts_of_request(options), *options.user_features]
    return {"request_texts": texts, "request_numbers": list(options.impression_numbers)}


def _texts_of_request(options: ResponseExamplesOptions) -> list[str]:
    return list(dict.fromkeys(("placement", *options.impression_categories)))


def _history(events: OrderedRows | None, user: IntArray, now: IntArray, options: ResponseExamplesOptions) -> History:
    if events is None:
        return History(*(tf.fill([len(user), 1], value) for value in (-1, 0, 0.0)))
    past = events.before(user, now, options.history_length)
    ages = np.where(past.places >= 0, now[:, None] - past.take(events.moment, 0), 0)
    return History(
        tf.constant(past.take(events.item, -1), tf.int32),
        tf.constant(past.take(events.table["event_type"].to_numpy(), 0), tf.int32),
        tf.constant(ages, tf.float32),
    )


def _user_values(users: pa.Table | None, user_ids: pa.ChunkedArray, name: str) -> list[bytes]:
    if users is None or name not in users.column_names:
        return [b""] * len(user_ids)
    place = pc.index_in(user_ids.cast(pa.binary()), value_set=users["user_id"].combine_chunks().cast(pa.binary()))
    values: list[bytes] = users[name].combine_chunks().cast(pa.binary()).take(place).fill_null(b"").to_pylist()
    return values


def _user_shares(rows: OrderedRows) -> npt.NDArray[np.float64]:
    """Returns a number from 0 to 1 of each row's user by sha256; of its item where nobody is known."""
    users = rows.table["user_id"].to_pylist()
    items = (b"item %d" % item for item in rows.item.tolist())
    keys = [item if user is None else user for user, item in zip(users, items, strict=True)]
    digests = {key: hashlib.sha256(b"response\0" + key).digest() for key in set(keys)}
    return np.array([int.from_bytes(digests[key][:4], "big") / _HASHED for key in keys])


def _row_shares(rows: OrderedRows) -> npt.NDArray[np.float64]:
    """Returns a number from 0 to 1 of each row, the same in every run, by what it is about and when."""
    users = rows.table["user_id"].to_pylist()
    sums = {user: zlib.crc32(user or b"") for user in set(users)}
    mixed = np.array([sums[user] for user in users], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= (rows.item.astype(np.uint64) + np.uint64(1)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= rows.moment.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(32)).astype(np.float64) / _HASHED


def _lists(values: npt.NDArray[np.float32]) -> pa.Array:
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(values).ravel(), pa.float32()))


def _bytes_lists(values: list[list[bytes]]) -> pa.Array:
    return pa.array(values, pa.list_(pa.binary()))
