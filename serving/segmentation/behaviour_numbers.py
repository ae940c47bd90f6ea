"""What a user does, as numbers: recency, frequency, money, rhythm, and what the money goes to."""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.history import History
from serving.graph.time_units import WEEK_SECONDS
from serving.segmentation.behaviour_number import BehaviourNumber, Unit, told

# Money and visits of the last weeks, money of stretches before them, and both with weights that halve.
_LAST_WEEKS = (1, 2, 4, 8, 12, 16)
_STRETCHES = ((4, 8), (8, 16), (16, 24), (24, 40))
_HALF_LIVES = (1, 2, 4, 8, 16)
_ACTIVE_WEEKS = (8, 16, 26)
_RHYTHM_WEEKS = 16
_AREA_HALF_LIFE = 8
# What is said of the time since the last event where there was none.
_NEVER_DAYS = 400.0

_SPEND = "how much they spend"

_Numbers = Iterator[BehaviourNumber]


class BehaviourNumbers(tf.Module):
    """Describes a history by numbers.

    Money is what the product of each bought event usually costs, since a history has no amounts. A visit is all that
    has one age. Amounts, counts and days are logarithms of one more, so that none of them outgrows the rest. The latest
    events of a busy user cover some months only, so most numbers look at the last 16 weeks.

    Time and memory grow with the events of a batch, and the batch times the areas.

    Attributes:
        names: What each number says.
        parts: What each is about.

    Args:
        spends: float `(products,)`; what one event of each product usually costs.
        areas: int `(products,)`; number of the product's area, such as a department.
        area_names: Their names.
        event_types: Names of the event types.
        bought_type: Place of the one that costs money.
    """

    def __init__(
        self,
        *,
        spends: ArrayLike,
        areas: ArrayLike,
        area_names: Sequence[str],
        event_types: Sequence[str],
        bought_type: int,
    ) -> None:
        super().__init__(name="behaviour_numbers")
        self._spends = tf.Variable(np.asarray(spends, np.float32), trainable=False, name="spends")
        self._areas = tf.Variable(np.asarray(areas, np.int32), trainable=False, name="areas")
        self._area_names, self._event_types, self._bought_type = list(area_names), list(event_types), bought_type
        nothing = tf.zeros([1, 1])
        empty = History(tf.constant([[-1]]), tf.constant([[0]]), nothing)
        told = [(each.name, each.unit, part) for part, numbers in self._by_part(empty) for each in numbers]
        self.names, self._units, self.parts = zip(*told, strict=True)

    def __call__(self, history: History) -> tf.Tensor:
        """Returns float32 `(batch, len(names))`, always finite."""
        return tf.stack([each.value for _, numbers in self._by_part(history) for each in numbers], axis=1)

    def tell(self, history: History, numbers: tf.Tensor) -> tf.Tensor:
        """Returns string `(batch, len(names))`: each number with its name, as `visits in 4 weeks: 3`.

        Args:
            history: What the numbers were made of.
            numbers: float32 `(batch, len(names))`.
        """
        came = tf.reduce_any(history.products >= 0, axis=1)
        columns = zip(self.names, self._units, tf.unstack(numbers, axis=1), strict=True)
        return tf.stack(
            [tf.strings.join([f"{name}: ", told(value, unit, came)]) for name, unit, value in columns], axis=1
        )

    def _by_part(self, history: History) -> Iterator[tuple[str, _Numbers]]:
        known = history.products >= 0
        weeks = history.age_seconds / WEEK_SECONDS
        bought = known & (history.types == self._bought_type)
        products = tf.maximum(history.products, 0)
        money = tf.where(bought, tf.gather(self._spends, products), 0.0)
        visit_weeks, visits = _visits(weeks, known)
        yield _SPEND, _amounts("spend", "money", money, weeks)
        yield "how often they come", _amounts("visits", "count", visits, visit_weeks)
        yield _SPEND, _stretches(money, weeks)
        yield "how lately they came, and what a visit is worth", _recency(money, visits, visit_weeks, known)
        yield "how even their spending is", _rhythm(money, weeks)
        yield "what the money goes to", self._shares(money, weeks, tf.gather(self._areas, products))
        if len(self._event_types) > 1:
            yield "what they do beside buying", self._of_types(history, known, weeks)

    def _of_types(self, history: History, known: tf.Tensor, weeks: tf.Tensor) -> _Numbers:
        for number, name in enumerate(self._event_types):
            of_type = tf.cast(known & (history.types == number), tf.float32)
            lately = _decayed(of_type, weeks, _AREA_HALF_LIFE)
            yield BehaviourNumber(f"recent events of {name}", "decayed count", lately)

    def _shares(self, money: tf.Tensor, weeks: tf.Tensor, areas: tf.Tensor) -> _Numbers:
        lately = money * tf.pow(2.0, -weeks / _AREA_HALF_LIFE)
        total = tf.reduce_sum(lately, axis=1)
        for number, name in enumerate(self._area_names):
            spend = tf.reduce_sum(tf.where(areas == number, lately, 0.0), axis=1)
            yield BehaviourNumber(f"recent spend on {name}", "money", tf.math.log1p(spend))
            yield BehaviourNumber(f"share of recent spend on {name}", "share", spend / (total + 1.0))


def _weeks(count: int) -> str:
    return "1 week" if count == 1 else f"{count} weeks"


def _amounts(name: str, unit: Unit, amounts: tf.Tensor, weeks: tf.Tensor) -> _Numbers:
    for last in _LAST_WEEKS:
        total = tf.reduce_sum(tf.where(weeks < last, amounts, 0.0), axis=1)
        yield BehaviourNumber(f"{name} in {_weeks(last)}", unit, tf.math.log1p(total))
    for half_life in _HALF_LIVES:
        decayed = _decayed(amounts, weeks, half_life)
        yield BehaviourNumber(
            f"recent {name}, halved every {_weeks(half_life)}", "money" if unit == "money" else "decayed count", decayed
        )


def _stretches(money: tf.Tensor, weeks: tf.Tensor) -> _Numbers:
    for low, high in _STRETCHES:
        stretch = tf.reduce_sum(tf.where((weeks >= low) & (weeks < high), money, 0.0), axis=1)
        yield BehaviourNumber(f"spend {low} to {high} weeks ago", "money", tf.math.log1p(stretch))


def _recency(money: tf.Tensor, visits: tf.Tensor, visit_weeks: tf.Tensor, known: tf.Tensor) -> _Numbers:
    seen = visits > 0.0
    days, any_visit = visit_weeks * 7.0, tf.reduce_any(seen, axis=1)
    last = tf.where(any_visit, tf.reduce_min(tf.where(seen, days, np.inf), axis=1), _NEVER_DAYS)
    first = tf.where(any_visit, tf.reduce_max(tf.where(seen, days, 0.0), axis=1), _NEVER_DAYS)
    count, total = tf.reduce_sum(visits, axis=1), tf.reduce_sum(money, axis=1)
    gap = (first - last) / tf.maximum(count - 1.0, 1.0)
    yield BehaviourNumber("days since the last visit", "days", tf.math.log1p(last))
    yield BehaviourNumber("days since the first visit", "days", tf.math.log1p(first))
    yield BehaviourNumber("events", "count", tf.math.log1p(tf.reduce_sum(tf.cast(known, tf.float32), axis=1)))
    yield BehaviourNumber("days between visits", "days", tf.math.log1p(gap))
    yield BehaviourNumber(
        "days since the last visit beside those between visits", "ratio", tf.math.log1p(last) - tf.math.log1p(gap)
    )
    yield BehaviourNumber("spend a visit", "money", tf.math.log1p(total / tf.maximum(count, 1.0)))
    usual = 8.0 * total / tf.maximum(first / 7.0, 1.0)
    yield BehaviourNumber("spend in 8 weeks at the usual rate", "money", tf.math.log1p(usual))


def _rhythm(money: tf.Tensor, weeks: tf.Tensor) -> _Numbers:
    week = tf.cast(tf.minimum(weeks, float(max(*_ACTIVE_WEEKS, _RHYTHM_WEEKS))), tf.int32)
    every = range(max(*_ACTIVE_WEEKS, _RHYTHM_WEEKS))
    by_week = tf.stack([tf.reduce_sum(tf.where(week == number, money, 0.0), axis=1) for number in every], axis=1)
    for last in _ACTIVE_WEEKS:
        active = tf.reduce_mean(tf.cast(by_week[:, :last] > 0.0, tf.float32), axis=1)
        yield BehaviourNumber(f"share of {last} weeks with spend", "share", active)
    rhythm = by_week[:, :_RHYTHM_WEEKS]
    for last in (8, _RHYTHM_WEEKS):
        deviation = tf.math.reduce_std(rhythm[:, :last], axis=1)
        yield BehaviourNumber(f"deviation of the weekly spend of {last} weeks", "money", tf.math.log1p(deviation))
    usual = tf.sort(rhythm, axis=1)[:, _RHYTHM_WEEKS // 2]
    yield BehaviourNumber("spend in a usual week", "money", tf.math.log1p(usual))
    months = tf.reduce_sum(tf.reshape(rhythm, [-1, 4, _RHYTHM_WEEKS // 4]), axis=2)
    yield BehaviourNumber("spend in the least of 4 months", "money", tf.math.log1p(tf.reduce_min(months, axis=1)))
    yield BehaviourNumber("spend in the most of 4 months", "money", tf.math.log1p(tf.reduce_max(months, axis=1)))


def _visits(weeks: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns ages in order, and 1 at the first event of each age, both float32 `(batch, width)`."""
    ordered = tf.sort(tf.where(known, weeks, np.inf), axis=1)
    before = tf.pad(ordered[:, :-1], [[0, 0], [1, 0]], constant_values=-1.0)
    visits = tf.math.is_finite(ordered) & (ordered > before)
    return tf.where(visits, ordered, 0.0), tf.cast(visits, tf.float32)


def _decayed(amounts: tf.Tensor, weeks: tf.Tensor, half_life: int) -> tf.Tensor:
    return tf.math.log1p(tf.reduce_sum(amounts * tf.pow(2.0, -weeks / half_life), axis=1))
