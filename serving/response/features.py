"""The features of an impression: of the user, of what is shown, and of both; computed alike in training and serving."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.history import History
from serving.graph.time_units import DAY_SECONDS
from serving.response.items import ResponseItems

# Windows of time that events are counted in.
_WINDOWS_DAYS = (28, 84)
# What a rate is believed to be beforehand, and in how many impressions' worth.
_PRIOR_RATE, _PRIOR_SHOWN = 0.05, 20.0


class Shown(NamedTuple):
    """Past impressions of a batch of users, at the places where the request has them.

    Attributes:
        items: int32 `(batch, shown)`, -1 where there is no known item.
        outcomes: int32 `(batch, shown)`, the last outcome that came of it and was known by now; -1 for none.
        age_seconds: float32 `(batch, shown)` since it was shown, at least 0 and finite.
    """

    items: tf.Tensor
    outcomes: tf.Tensor
    age_seconds: tf.Tensor


class ItemCounts(NamedTuple):
    """What came of the asked items by now, over all users.

    Attributes:
        shown: float32 `(batch, asked)`.
        outcomes: float32 `(batch, asked, outcomes)`.
    """

    shown: tf.Tensor
    outcomes: tf.Tensor


class ImpressionFeatures(NamedTuple):
    """Features of each asked item.

    Attributes:
        numbers: float32 `(batch, asked, numbers)`, NaN where unknown.
        vectors: float32 `(batch, asked, 2 * width + text_width)`: the mean of the history's products, the item's
            products, and last what the item itself says.
    """

    numbers: tf.Tensor
    vectors: tf.Tensor


class ResponseFeatures(tf.Module):
    """Computes the features of impressions.

    Nothing counts that happened at the moment of the impression or after it; whoever gives a history sees to that.

    Args:
        items: What may be shown.
        event_types: Names of the event types, in the order of their numbers.
        outcomes: Names of the outcomes; each implies those before it, as a purchase implies a click.
    """

    def __init__(self, items: ResponseItems, event_types: Sequence[str], outcomes: Sequence[str]) -> None:
        super().__init__(name="response_features")
        self.text_width = items.text_vectors.shape[1]
        self.vector_width = 2 * items.vectors.shape[1] + self.text_width
        self._event_types, self._outcomes = tuple(event_types), tuple(outcomes)
        self._category_names = items.category_names
        self._width, self._products = items.vectors.shape[1], max(len(items.product_ids), 1)
        # One item more, the last, stands for what is unknown.
        unknown = np.full((1, items.numbers.shape[1]), np.nan, np.float32)
        nothing = np.zeros((1, self._width), np.float32)
        # Variables, as a graph must not be larger than 2 GiB.
        self._numbers = _held(np.concatenate([items.numbers, unknown]))
        self._vectors = _held(np.concatenate([items.vectors, nothing]))
        self._texts = _held(np.concatenate([items.text_vectors, np.zeros((1, self.text_width), np.float32)]))
        self._product_vectors = _held(
            np.concatenate([items.product_vectors.reshape(len(items.product_ids), self._width), nothing])
        )
        codes = [_codes(items.categories[:, place]) for place in range(len(items.category_names))]
        self._codes = [tf.constant(np.append(each, -1), tf.int32) for each in codes]
        self._pair_count = len(items.item_of_pair)
        self._pairs = _held(items.item_of_pair * self._products + items.product_of_pair)
        self._item_count = len(items.item_ids)
        self.number_names = (*self._names(), *items.number_names)

    def compute(self, history: History, shown: Shown, items: tf.Tensor, counts: ItemCounts) -> ImpressionFeatures:
        """Computes features.

        Args:
            history: `(batch, width)` each.
            shown: `(batch, shown)` each.
            items: int32 `(batch, asked)`, -1 where there is none.
            counts: Of the asked items.
        """
        item = tf.where(items >= 0, items, self._item_count)
        known = history.products >= 0
        user_vector = self._user_vector(history, known)
        asked = tf.shape(items)[1]
        columns = [
            *_for_each(self._of_history(history, known), asked),
            *self._of_both(history, known, item, user_vector),
            *self._of_shown(shown, item),
            *self._of_item(counts),
        ]
        numbers = tf.concat([tf.stack(columns, axis=-1), tf.gather(self._numbers, item)], axis=-1)
        repeated = tf.repeat(user_vector[:, None, :], asked, axis=1)
        vectors = [repeated, tf.gather(self._vectors, item), tf.gather(self._texts, item)]
        return ImpressionFeatures(numbers, tf.concat(vectors, axis=-1))

    def _names(self) -> list[str]:
        windows = [f"{kind}_{days}_days" for kind in self._event_types for days in _WINDOWS_DAYS]
        both = [*(f"offer_products_{days}_days" for days in _WINDOWS_DAYS), "offer_products_share"]
        responded = [f"past_{outcome}" for outcome in self._outcomes]
        like = [f"{what}_same_{name}" for name in self._category_names for what in ("shown", *responded)]
        return [
            *windows,
            "days_since_event",
            *both,
            "days_since_offer_product",
            "likeness_to_history",
            "shown",
            *responded,
            *(f"{each}_rate" for each in responded),
            "days_since_shown",
            *(f"days_since_{outcome}" for outcome in self._outcomes),
            "shown_this",
            *(f"{each}_this" for each in responded),
            *like,
            "offer_shown",
            *(f"offer_{outcome}_rate" for outcome in self._outcomes),
        ]

    def _user_vector(self, history: History, known: tf.Tensor) -> tf.Tensor:
        if not self._width:
            return tf.zeros([tf.shape(known)[0], 0])
        last = tf.shape(self._product_vectors)[0] - 1
        vectors = tf.gather(self._product_vectors, tf.where(known, history.products, last))
        count = tf.reduce_sum(tf.cast(known, tf.float32), axis=1, keepdims=True)
        return tf.math.divide_no_nan(tf.reduce_sum(vectors, axis=1), count)

    def _of_history(self, history: History, known: tf.Tensor) -> list[tf.Tensor]:
        found = []
        for number in range(len(self._event_types)):
            of_type = known & (history.types == number)
            found += [_count(of_type & (history.age_seconds <= days * DAY_SECONDS)) for days in _WINDOWS_DAYS]
        return [*found, _days_since(history.age_seconds, known)]

    def _of_both(self, history: History, known: tf.Tensor, item: tf.Tensor, user_vector: tf.Tensor) -> list[tf.Tensor]:
        age = history.age_seconds[:, None, :]
        about = known[:, None, :] & self._is_about(item, history.products)
        lately = [_count(about & (age <= days * DAY_SECONDS)) for days in _WINDOWS_DAYS]
        events = _count(known & (history.age_seconds <= _WINDOWS_DAYS[-1] * DAY_SECONDS))[:, None]
        interest = tf.reduce_sum(user_vector[:, None, :] * tf.gather(self._vectors, item), axis=-1)
        return [*lately, tf.math.divide_no_nan(lately[-1], events), _days_since(age, about), interest]

    def _is_about(self, item: tf.Tensor, products: tf.Tensor) -> tf.Tensor:
        """Tells whether items are about products: bool `(batch, asked, width)`."""
        pair = tf.cast(item[:, :, None], tf.int64) * self._products + tf.cast(products[:, None, :], tf.int64)
        if not self._pair_count:
            return tf.zeros(tf.shape(pair), tf.bool)
        pairs = tf.convert_to_tensor(self._pairs)
        place = tf.searchsorted(pairs, tf.reshape(pair, [-1]))
        found = tf.gather(pairs, tf.minimum(place, self._pair_count - 1))
        return tf.reshape(found, tf.shape(pair)) == pair

    def _of_shown(self, shown: Shown, item: tf.Tensor) -> list[tf.Tensor]:
        asked = tf.shape(item)[1]
        there = shown.items >= 0
        responded = [there & (shown.outcomes >= number) for number in range(len(self._outcomes))]
        count = _count(there)
        counts = [_count(each) for each in responded]
        of_user = [
            count,
            *counts,
            *(_rate(each, count) for each in counts),
            _days_since(shown.age_seconds, there),
            *(_days_since(shown.age_seconds, each) for each in responded),
        ]
        this = there[:, None, :] & (shown.items[:, None, :] == item[:, :, None])
        of_both = [_count(this), *(_count(this & each[:, None, :]) for each in responded)]
        shown_item = tf.where(there, shown.items, self._item_count)
        for codes in self._codes:
            own = tf.gather(codes, item)
            like = there[:, None, :] & (tf.gather(codes, shown_item)[:, None, :] == own[:, :, None])
            like &= (own >= 0)[:, :, None]
            of_both += [_count(like), *(_count(like & each[:, None, :]) for each in responded)]
        return [*_for_each(of_user, asked), *of_both]

    def _of_item(self, counts: ItemCounts) -> list[tf.Tensor]:
        outcomes = tf.unstack(counts.outcomes, num=len(self._outcomes), axis=-1)
        return [counts.shown, *(_rate(each, counts.shown) for each in outcomes)]


def _held(values: np.ndarray) -> tf.Variable:
    return tf.Variable(values, trainable=False)


def _codes(values: np.ndarray) -> np.ndarray:
    """Returns a number for each distinct value, -1 for an empty one."""
    distinct, codes = np.unique(values.astype(object), return_inverse=True)
    return np.where(distinct[codes] == b"", -1, codes) if len(values) else np.zeros(0, np.int64)


def _count(mask: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(mask, tf.float32), axis=-1)


def _rate(count: tf.Tensor, shown: tf.Tensor) -> tf.Tensor:
    return (count + _PRIOR_RATE * _PRIOR_SHOWN) / (shown + _PRIOR_SHOWN)


def _days_since(age_seconds: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns days since the latest of what a mask tells; NaN where there is nothing."""
    latest = tf.reduce_min(tf.where(mask, age_seconds, np.inf), axis=-1)
    return tf.where(tf.math.is_finite(latest), latest / DAY_SECONDS, np.nan)


def _for_each(columns: Sequence[tf.Tensor], asked: tf.Tensor) -> list[tf.Tensor]:
    """Returns columns `(batch,)` as `(batch, asked)`."""
    return [tf.repeat(column[:, None], asked, axis=1) for column in columns]
