"""What a user does, as a text that a language model reads: how often and how lately, kinds and products."""

from collections.abc import Sequence

import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import text_variable, texts_at
from serving.graph.history import History, latest_events
from serving.graph.time_units import DAY_SECONDS, WEEK_SECONDS

_KINDS, _PRODUCTS = 5, 2
_HALF_LIFE_WEEKS = 8.0
_NEVER_SECONDS = 1e9


class BehaviourText(tf.Module):
    """Writes a history as text.

    As in `1 visit in 4 weeks, 9 in 16, last 2 days ago; purchase Soft Drinks 12 times, 2 days ago; …; lately Cola`: how
    often the user came, the kinds that weigh most where the weight of an event halves in 8 weeks, and titles of the
    latest products; `no visits` of none. Where there are several event types, each type of a kind is counted apart.

    Time and memory grow with the events of a batch.

    Args:
        titles: Title of each product.
        kinds: int `(products,)`; number of the product's kind.
        kind_names: Their names.
        event_types: Names of the event types.
    """

    def __init__(
        self,
        *,
        titles: Sequence[bytes],
        kinds: ArrayLike,
        kind_names: Sequence[bytes],
        event_types: Sequence[bytes],
    ) -> None:
        super().__init__(name="behaviour_text")
        self._titles, self._kind_names = text_variable(titles, "titles"), text_variable(kind_names, "kind_names")
        self._stride = len(kind_names) + 1
        self._kinds = tf.Variable(tf.constant(kinds, tf.int64), trainable=False, name="kinds")
        self._event_types = tf.constant(list(event_types), tf.string)

    def __call__(self, history: History) -> tf.Tensor:
        """Returns string `(batch,)` of a batch of histories."""
        known = history.products >= 0
        parts = [self._visits(history, known), self._by_kind(history, known), self._latest(history)]
        whole = tf.strings.reduce_join(tf.concat(parts, axis=1), axis=1, separator="; ")
        # Parts that a short history lacks are empty.
        whole = tf.strings.regex_replace(whole, "(; )+", "; ")
        return tf.where(tf.reduce_any(known, axis=1), tf.strings.regex_replace(whole, "; $", ""), "no visits")

    def _visits(self, history: History, known: tf.Tensor) -> tf.Tensor:
        ages = tf.sort(tf.where(known, history.age_seconds, _NEVER_SECONDS), axis=1)
        before = tf.pad(ages[:, :-1], [[0, 0], [1, 0]], constant_values=-1.0)
        first = ages > before
        short, long = (
            tf.reduce_sum(tf.cast(first & (ages < weeks * WEEK_SECONDS), tf.int32), axis=1) for weeks in (4, 16)
        )
        text = tf.strings.join(
            [
                _counted(short, "visit", "visits"),
                " in 4 weeks, ",
                tf.as_string(long),
                " in 16, last ",
                _ago(tf.reduce_min(ages, axis=1)),
            ]
        )
        return text[:, tf.newaxis]

    def _by_kind(self, history: History, known: tf.Tensor) -> tf.Tensor:
        """Returns string `(batch, 5)`, a kind and type of event each, "" where there are fewer."""
        batch, width = tf.shape(known)[0], tf.shape(known)[1]
        kinds = tf.where(known, tf.gather(self._kinds, tf.maximum(history.products, 0)), -1) + 1
        # Row, kind and type in one number: all rows are grouped by one hash table.
        rows = tf.range(tf.cast(batch, tf.int64))[:, tf.newaxis]
        spoken_of = (rows * self._stride + kinds) * len(self._event_types) + tf.cast(history.types, tf.int64)
        unique, group = tf.unique(tf.reshape(spoken_of, [-1]))
        groups, flat_known = tf.size(unique), tf.reshape(known, [-1])
        ages = tf.reshape(history.age_seconds, [-1])
        weights = tf.where(flat_known, tf.pow(2.0, -ages / (_HALF_LIFE_WEEKS * WEEK_SECONDS)), 0.0)
        weight = tf.math.unsorted_segment_sum(weights, group, groups)
        count = tf.math.unsorted_segment_sum(tf.cast(flat_known, tf.int32), group, groups)
        last_place = tf.math.unsorted_segment_max(tf.range(batch * width), group, groups)
        # Each kind and type is spoken of at the place of its latest event.
        spoken = flat_known & (tf.gather(last_place, group) == tf.range(batch * width))
        scores = tf.reshape(tf.where(spoken, tf.gather(weight, group), -1.0), [batch, width])
        scores = tf.pad(scores, [[0, 0], [0, _KINDS]], constant_values=-1.0)
        best, places = tf.math.top_k(scores, k=_KINDS)
        there = best >= 0.0
        places = tf.where(there, places, 0)
        counts = tf.reshape(tf.gather(count, group), [batch, width])
        types = tf.gather(self._event_types, tf.gather(history.types, places, batch_dims=1))
        text = tf.strings.join(
            [
                tf.strings.join([types, " "]) if len(self._event_types) > 1 else "",
                texts_at(self._kind_names, tf.cast(tf.gather(kinds, places, batch_dims=1), tf.int32) - 1),
                " ",
                _counted(tf.gather(counts, places, batch_dims=1), "time", "times"),
                ", ",
                _ago(tf.gather(history.age_seconds, places, batch_dims=1)),
            ]
        )
        return tf.where(there, text, "")

    def _latest(self, history: History) -> tf.Tensor:
        """Returns string `(batch, 2)`, the latest products, newest last."""
        products = latest_events(history, _PRODUCTS).products
        return tf.where(products >= 0, tf.strings.join(["lately ", texts_at(self._titles, products)]), "")


def _counted(count: tf.Tensor, one: str, many: str) -> tf.Tensor:
    """Returns whole numbers of any shape with the word for what they count."""
    return tf.strings.join([tf.as_string(count), " ", tf.where(count == 1, one, many)])


def _ago(seconds: tf.Tensor) -> tf.Tensor:
    """Returns float32 ages of any shape in words, by the day, week or month of 30 days."""
    days = tf.cast(seconds / DAY_SECONDS, tf.int32)
    weeks, months = days // 7, days // 30
    return tf.where(
        days < 1,
        "today",
        tf.where(
            days < 14,
            tf.strings.join([_counted(days, "day", "days"), " ago"]),
            tf.where(
                weeks < 9,
                tf.strings.join([tf.as_string(weeks), " weeks ago"]),
                tf.strings.join([tf.as_string(months), " months ago"]),
            ),
        ),
    )
