"""What a user does, as a text that a language model reads: how often and how lately, kinds and products."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import text_variable, texts_at
from serving.graph.history import History, latest_events
from serving.graph.time_units import DAY_SECONDS, WEEK_SECONDS
from serving.segmentation.signals import Signals, signal_clauses

_KINDS, _PRODUCTS = 5, 2
_HALF_LIFE_WEEKS = 8.0
_NEVER_SECONDS = 1e9
# How people say what was done; other types of event keep their name.
_DONE = {"view": "viewed", "cart": "put into the cart"}


class Clauses(NamedTuple):
    """What a text says, clause by clause; each string `(batch, clauses)`, "" where there are fewer.

    Attributes:
        written: As the text has them.
        told: As people read them: a product or kind first.
    """

    written: tf.Tensor
    told: tf.Tensor

    def text(self) -> tf.Tensor:
        """Returns the whole text, string `(batch,)`."""
        there = tf.ragged.boolean_mask(self.written, self.written != "")
        return tf.strings.reduce_join(there, axis=1, separator="; ")


class BehaviourText(tf.Module):
    """Writes a history as text.

    As in `1 visit in 4 weeks, 9 in 16, last 2 days ago; purchase Soft Drinks 12 times, 2 days ago; …; lately Cola`: how
    often the user came, the kinds that weigh most where the weight of an event halves in 8 weeks, and titles of the
    latest products; `no visits` of none. What came with
    events is told after the visits (`signal_clauses`). Where there are several event types, each type of a kind is
    counted apart.

    Time and memory grow with the events of a batch.

    Args:
        titles: Title of each product.
        kinds: int `(products,)`; number of the product's kind.
        kind_names: Their names.
        event_types: Names of the event types.
        bought_type: Place of the one that stands for a purchase.
    """

    def __init__(
        self,
        *,
        titles: Sequence[bytes],
        kinds: ArrayLike,
        kind_names: Sequence[bytes],
        event_types: Sequence[str],
        bought_type: int,
    ) -> None:
        super().__init__(name="behaviour_text")
        self._titles, self._kind_names = text_variable(titles, "titles"), text_variable(kind_names, "kind_names")
        self._stride = len(kind_names) + 1
        self._kinds = tf.Variable(tf.constant(kinds, tf.int64), trainable=False, name="kinds")
        self._event_types = tf.constant(list(event_types), tf.string)
        done = [_DONE.get(name, name) for name in event_types]
        done[bought_type] = "bought"
        self._done = tf.constant(done, tf.string)

    def __call__(self, history: History, signals: Signals | None = None) -> tf.Tensor:
        """Returns string `(batch,)` of a batch of histories, and of what came with their events where that is known."""
        clauses = self.clauses(history)
        if signals is not None:
            visits, others = clauses.written[:, :1], clauses.written[:, 1:]
            # In front, as a text that is longer than the model reads is cut at its end.
            written = tf.concat([visits, signal_clauses(history, signals, self._titles), others], axis=1)
            clauses = clauses._replace(written=written)
        return clauses.text()

    def clauses(self, history: History) -> Clauses:
        """Returns what the text says of each history."""
        known = history.products >= 0
        visits, kinds, latest = self._visits(history, known), self._by_kind(history, known), self._latest(history)
        came = tf.reduce_any(known, axis=1)[:, tf.newaxis]
        visits = tf.where(came, visits, "no visits")
        return Clauses(*(tf.concat([visits, kinds[side], latest[side]], axis=1) for side in (0, 1)))

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

    def _by_kind(self, history: History, known: tf.Tensor) -> Clauses:
        """Returns a kind and type of event a clause, five at the most."""
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
        types = tf.gather(history.types, places, batch_dims=1)
        type_name = tf.strings.join([tf.gather(self._event_types, types), " "]) if len(self._event_types) > 1 else ""
        kind = texts_at(self._kind_names, tf.cast(tf.gather(kinds, places, batch_dims=1), tf.int32) - 1)
        times = _counted(tf.gather(counts, places, batch_dims=1), "time", "times")
        last = _ago(tf.gather(history.age_seconds, places, batch_dims=1))
        written = tf.strings.join([type_name, kind, " ", times, ", ", last])
        told = tf.strings.join([kind, ", ", tf.gather(self._done, types), " ", times, ", ", last])
        return Clauses(*(tf.where(there, text, "") for text in (written, told)))

    def _latest(self, history: History) -> Clauses:
        """Returns the latest products, a clause each, newest last; two at the most."""
        latest = latest_events(history, _PRODUCTS)
        titles, done = texts_at(self._titles, latest.products), tf.gather(self._done, latest.types)
        written, told = tf.strings.join(["lately ", titles]), tf.strings.join([titles, ", ", done, " lately"])
        return Clauses(*(tf.where(latest.products >= 0, text, "") for text in (written, told)))


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
