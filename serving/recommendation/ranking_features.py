"""What the ranker is told of a user and a candidate, in plain TensorFlow ops."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.history import History
from serving.graph.time_units import DAY_SECONDS, WEEK_SECONDS
from serving.recommendation.rule_scores import BestRules

# Names of some features, and float32 `(batch, candidates, names)`.
_Named: TypeAlias = tuple[Sequence[str], tf.Tensor]


# A count that forgets: an event weighs exp(-age / weeks), or exp(-events since / events).
_DECAY_WEEKS = (1.0, 4.0, 10.0)
_DECAY_EVENTS = (16.0, 128.0)
# The linear model's score counts by its logarithm, from here on.
_LEAST_LINEAR = 1e-5
# So does the nearness of neighbours.
_LEAST_NEARNESS = 1e-6
# What is said of a product, or kind, or brand, that the user never had.
_NEVER_DAYS = 400.0
_NEVER_EVENTS = 1_000.0

# Names of the features that are the towers', and of those that neighbours and rules give.
TOWER_FEATURES = ("linear score", "linear score beside the best", "recent score", "recent score beside the best")
NEIGHBOUR_FEATURES = ("neighbour score", "neighbour score beside the best")
RULE_FEATURES = ("rule confidence", "rule lift")

# Names of what `_describe_events` says of each event that is asked for.
_COUNT, _SLOW = "events", f"events, fading in {_DECAY_WEEKS[-1]:g} weeks"

PRODUCT_STATISTICS = (
    "log_total",
    "log_decayed",
    "log_recent",
    "trend",
    "repeat_rate",
    "log_buyers",
    "events_per_buyer",
    "log_latest",
    "latest_trend",
    "log_kind",
    "share_of_kind",
    "kind_trend",
)


@dataclass(frozen=True, kw_only=True)
class RankedProducts:
    """What the ranker knows of the products; row i of every field is product i.

    Attributes:
        kinds: int `(products,)`; number of the product's kind (its category), 0 for none.
        brands: int `(products,)`; number of its brand, 0 for none.
        log_prices: float `(products,)`; 0 where the price is unknown.
        capped: By column whose exposure is capped, int `(products,)`; number of the product's value, 0 for none.
    """

    kinds: ArrayLike
    brands: ArrayLike
    log_prices: ArrayLike
    capped: Mapping[str, ArrayLike] = field(default_factory=dict)


class CandidateScores(NamedTuple):
    """What other models say of the candidates, each float32 `(batch, candidates)`.

    Attributes:
        rules: The best rules, 0 where no rule leads to a candidate; None without rules.
        linear: Dot product of the linear model's part of the user's and the product's vector.
        recent: The same of the towers' own part, which reads the latest events.
        neighbours: How near the candidate is to the products of the history, 0 where it is no neighbour.
    """

    rules: BestRules | None
    linear: tf.Tensor
    recent: tf.Tensor
    neighbours: tf.Tensor


class Described(NamedTuple):
    """What is known of each candidate whatever the others are.

    Attributes:
        alone: float32 `(batch, candidates, any)`; the features of the candidate, of its kind, brand and product.
        scores: What other models say of it.
    """

    alone: tf.Tensor
    scores: CandidateScores

    def at(self, places: tf.Tensor) -> "Described":
        """Returns what is known of those at int32 `(batch, n)` places among these."""
        scores = (None if each is None else _gathered(each, places) for each in self.scores)
        return Described(_gathered(self.alone, places), CandidateScores(*scores))


class RankingFeatures(tf.Module):
    """Describes candidates by the user's history and by how they sell.

    Of the candidate itself, its kind and its brand: how often the user had it (all events, and four decays), on the
    weekday of the request, how lately, how regularly, and whether it is due. Of the user: how much and how
    varied. Of the product: how it sells, whether ever more, whether people come back for it, and its price beside
    what the user pays; and what other models say of it. The time of a request is not needed: ages tell a weekly rhythm.

    Time and memory grow with events plus candidates, not with the catalogue.

    Args:
        products: What is known of the products.
        event_types: Number of event types.
    """

    def __init__(self, products: RankedProducts, event_types: int) -> None:
        super().__init__(name="ranking_features")
        self._event_types = event_types
        # Variables, as vectors are: they stay out of the graph.
        self._kinds = tf.Variable(np.asarray(products.kinds, np.int64), trainable=False, name="kinds")
        self._brands = tf.Variable(np.asarray(products.brands, np.int64), trainable=False, name="brands")
        self._log_prices = tf.Variable(np.asarray(products.log_prices, np.float32), trainable=False, name="log_prices")
        self._capped = {
            column: tf.Variable(np.asarray(values, np.int64), trainable=False, name=f"capped_{number}")
            for number, (column, values) in enumerate(products.capped.items())
        }

    def kinds_of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the number of each product's kind, int64 of the shape of `products`; 0 for none."""
        return tf.gather(self._kinds, products)

    def brands_of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the number of each product's brand, int64 of the shape of `products`; 0 for none."""
        return tf.gather(self._brands, products)

    def capped_of(self, column: str, products: tf.Tensor) -> tf.Tensor:
        """Returns the number of each product's value in a capped column, as `brands_of` does."""
        return tf.gather(self._capped[column], products)

    def names(self, *, with_rules: bool) -> tuple[str, ...]:
        """Returns what each feature says, in their order.

        Args:
            with_rules: Whether the scores have rules.
        """
        none, product = tf.zeros([1, 1]), tf.zeros([1, 1], tf.int32)
        rules = BestRules(none, none) if with_rules else None
        scores = CandidateScores(rules=rules, linear=none, recent=none, neighbours=none)
        alone = self._alone(History(product - 1, product, none), product, tf.zeros([1, len(PRODUCT_STATISTICS)]))
        return tuple(name for names, _ in (*alone, *_of_scores(scores, product)) for name in names)

    def alone(self, history: History, candidates: tf.Tensor, statistics: tf.Tensor) -> tf.Tensor:
        """Computes the features that come first, which do not depend on the other candidates.

        Args:
            history: The whole history of each user, `(batch, width)`.
            candidates: int32 `(batch, candidates)` product indices; -1 is none, and what is said of it means nothing.
            statistics: float32 `(products, len(PRODUCT_STATISTICS))`.

        Returns:
            float32 `(batch, candidates, any)`.
        """
        return tf.concat([values for _, values in self._alone(history, candidates, statistics)], axis=-1)

    def of_scores(self, scores: CandidateScores, candidates: tf.Tensor, *, with_rules: bool) -> tf.Tensor:
        """Computes the features that come last: what other models say, by itself and beside the best of the row.

        Args:
            scores: Of the candidates.
            candidates: int32 `(batch, candidates)`, all of them; -1 for none.
            with_rules: Whether rules have features.

        Returns:
            float32 `(batch, candidates, any)`.
        """
        told = scores if with_rules else scores._replace(rules=None)
        return tf.concat([values for _, values in _of_scores(told, candidates)], axis=-1)

    def _alone(self, history: History, candidates: tf.Tensor, statistics: tf.Tensor) -> Iterator[_Named]:
        known = history.products >= 0
        bought, wanted = tf.maximum(history.products, 0), tf.maximum(candidates, 0)
        events = self._describe_events(history, known)
        kind_known = known & (tf.gather(self._kinds, bought) > 0)
        brand_known = known & (tf.gather(self._brands, bought) > 0)
        product = _matched(events, known, tf.cast(bought, tf.int64), tf.cast(wanted, tf.int64))
        kind = _matched(events, kind_known, tf.gather(self._kinds, bought), tf.gather(self._kinds, wanted))
        brand = _matched(events, brand_known, tf.gather(self._brands, bought), tf.gather(self._brands, wanted))
        total = _Weights(events.names, tf.reduce_sum(events.weights, axis=1, keepdims=True))
        log_price = tf.gather(self._log_prices, wanted)
        usual = tf.reduce_sum(tf.gather(self._log_prices, bought) * events.named(_COUNT), axis=1, keepdims=True)
        usual = usual / tf.maximum(total.named(_COUNT), 1.0)
        yield _group_features("product", product, total)
        yield _group_features("kind", kind, total)
        yield _group_features("brand", brand, total)
        user = tf.repeat(tf.math.log1p(total.weights), tf.shape(candidates)[1], axis=1)
        yield [f"user: {name}" for name in total.names], user
        yield PRODUCT_STATISTICS, tf.gather(statistics, wanted)
        yield ["log price", "log price beside the usual"], tf.stack([log_price, log_price - usual], axis=-1)

    def _describe_events(self, history: History, known: tf.Tensor) -> "_Events":
        present = tf.cast(known, tf.float32)
        place = tf.reduce_sum(present, axis=1, keepdims=True) - tf.cumsum(present, axis=1)
        weeks = history.age_seconds / WEEK_SECONDS
        days_off = tf.abs(tf.math.floormod(history.age_seconds / DAY_SECONDS + 3.5, 7.0) - 3.5)
        slow = tf.exp(-weeks / _DECAY_WEEKS[-1])
        channels = {
            _COUNT: tf.ones_like(weeks),
            **{f"events, fading in {decay:g} weeks": tf.exp(-weeks / decay) for decay in _DECAY_WEEKS},
            **{f"events, fading in {decay:g} events": tf.exp(-place / decay) for decay in _DECAY_EVENTS},
            "events of this weekday": tf.where(days_off < 0.5, slow, 0.0),
        }
        if self._event_types > 1:
            channels |= {
                f"events of type {number}": tf.where(history.types == number, slow, 0.0)
                for number in range(self._event_types)
            }
        weights = tf.stack(list(channels.values()), axis=-1) * present[..., tf.newaxis]
        return _Events(tuple(channels), weights, history.age_seconds / DAY_SECONDS, place)


def _gathered(values: Any, places: tf.Tensor) -> Any:
    """Returns values, or a tuple of them, at places of their rows."""
    return tf.nest.map_structure(lambda each: tf.gather(each, places, batch_dims=1), values)


def _of_scores(scores: CandidateScores, candidates: tf.Tensor) -> Iterator[_Named]:
    """Yields what other models say of candidates, by themselves and beside the best of the row."""
    if scores.rules is not None:
        yield RULE_FEATURES, tf.stack([scores.rules.confidence, tf.math.log1p(scores.rules.lift)], axis=-1)
    nearness = tf.math.log(tf.maximum(scores.neighbours, _LEAST_NEARNESS))
    yield NEIGHBOUR_FEATURES, tf.stack(_beside_the_best(nearness, candidates), axis=-1)
    linear = tf.math.log(tf.maximum(scores.linear, _LEAST_LINEAR))
    by_towers = [*_beside_the_best(linear, candidates), *_beside_the_best(scores.recent, candidates)]
    yield TOWER_FEATURES, tf.stack(by_towers, axis=-1)


def _beside_the_best(scores: tf.Tensor, candidates: tf.Tensor) -> list[tf.Tensor]:
    """Returns scores, and the same less the highest of the row's candidates."""
    best = tf.reduce_max(tf.where(candidates >= 0, scores, tf.float32.min), axis=1, keepdims=True)
    return [scores, scores - best]


@dataclass(frozen=True)
class _Weights:
    """What some events weigh, `(batch, places, channels)`, and the names of the channels."""

    names: tuple[str, ...]
    weights: tf.Tensor

    def named(self, name: str) -> tf.Tensor:
        """Returns a channel, `(batch, places)`."""
        return self.weights[..., self.names.index(name)]


@dataclass(frozen=True)
class _Events(_Weights):
    """A weight of each event for each channel, its age in days and number of later events, both `(batch, width)`."""

    days: tf.Tensor
    place: tf.Tensor


@dataclass(frozen=True)
class _Matches(_Weights):
    """The events that go with each candidate: their weights added up, and the rest per pair."""

    last_days: tf.Tensor
    first_days: tf.Tensor
    last_place: tf.Tensor


def _matched(events: _Events, counts: tf.Tensor, event_keys: tf.Tensor, candidate_keys: tf.Tensor) -> _Matches:
    """Sums up, for each candidate, the events of the same row and key where `counts`."""
    batch, width = tf.shape(event_keys)[0], tf.shape(event_keys)[1]
    shape = tf.shape(candidate_keys)
    keys = tf.concat([tf.where(counts, event_keys, -1), candidate_keys], axis=1) + 1
    # Row and key in one number: all rows are matched by one hash table.
    stride = tf.reduce_max(keys) + 1
    rows = tf.range(tf.cast(batch, tf.int64))[:, tf.newaxis]
    unique, group = tf.unique(tf.reshape(rows * stride + keys, [-1]))
    group = tf.reshape(group, [batch, -1])
    of_event, of_candidate = tf.reshape(group[:, :width], [-1]), tf.reshape(group[:, width:], [-1])
    groups = tf.size(unique)
    weights = tf.where(counts[..., tf.newaxis], events.weights, 0.0)
    channels = weights.shape[-1]

    def gather(values: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.gather(values, of_candidate), shape)

    days, place = tf.reshape(events.days, [-1]), tf.reshape(events.place, [-1])
    sums = tf.math.unsorted_segment_sum(tf.reshape(weights, [-1, channels]), of_event, groups)
    return _Matches(
        names=events.names,
        weights=tf.reshape(tf.gather(sums, of_candidate), [shape[0], shape[1], channels]),
        last_days=gather(tf.math.unsorted_segment_min(days, of_event, groups)),
        first_days=gather(tf.math.unsorted_segment_max(days, of_event, groups)),
        last_place=gather(tf.math.unsorted_segment_min(place, of_event, groups)),
    )


def _group_features(group: str, matches: _Matches, total: _Weights) -> _Named:
    count = matches.named(_COUNT)
    had = count > 0.0
    last = tf.where(had, matches.last_days, _NEVER_DAYS)
    # Between one event and the next; somebody who had it once may come back after as long as it has been.
    interval = tf.where(had, matches.first_days - matches.last_days, _NEVER_DAYS) / tf.maximum(count - 1.0, 1.0)
    interval = tf.where(count == 1.0, matches.last_days, interval)
    times = {
        "days since the last": tf.math.log1p(last),
        "days between": tf.math.log1p(interval),
        "overdue": tf.math.log1p(last) - tf.math.log1p(interval),
        "events since the last": tf.math.log1p(tf.where(had, matches.last_place, _NEVER_EVENTS)),
        "had": tf.cast(had, tf.float32),
        "had again": tf.cast(count > 1.0, tf.float32),
        "share of all events": matches.named(_SLOW) / (total.named(_SLOW) + 1.0),
    }
    values = tf.concat([tf.math.log1p(matches.weights), tf.stack(list(times.values()), axis=-1)], axis=-1)
    return [f"{group}: {name}" for name in (*matches.names, *times)], values
