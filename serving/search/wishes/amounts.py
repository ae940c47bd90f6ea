"""Numbers in a query that are limits: of the price, or of a size."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.search.wishes.patterns import GAP
from serving.search.wishes.vocabulary import AFTER, BEFORE, NUMBER_WORDS, UNITS

# What a number may limit, in this order.
PRICE, GRAMS, MILLILITRES, PIECES = range(4)
DIMENSIONS = 4
# How far a product may be from a size that is asked for, as ounces are of weight or of volume and rounded.
SIZE_SLACK = 0.02
# Likewise from a number that is said to be about right, and from the bound of a size; and from a bound that is itself
# out.
_ABOUT, _ROUNDING, _LITTLE = 0.2, 1e-3, 1e-6


class Amounts(NamedTuple):
    """What numbers say.

    Attributes:
        low: float32 `(numbers, DIMENSIONS)`: least value; -inf for any.
        high: float32 `(numbers, DIMENSIONS)`: most; inf for any.
        exact: bool `(numbers,)`: whether it is a size without another word.
        is_limit: bool `(numbers,)`: whether it is a limit at all.
        said: string `(numbers,)`: what was understood.
    """

    low: tf.Tensor
    high: tf.Tensor
    exact: tf.Tensor
    is_limit: tf.Tensor
    said: tf.Tensor


class AmountReader(tf.Module):
    """Reads the marks of `serving.search.wishes.patterns.AMOUNTS`."""

    def __init__(self) -> None:
        super().__init__(name="amount_reader")
        self._comparisons = _Table([*BEFORE, *(word for word in AFTER if word not in BEFORE)], "comparison")
        meanings = np.array([tuple(meaning) for meaning in {**AFTER, **BEFORE}.values()], np.bool_)
        order = [list({**AFTER, **BEFORE}).index(word) for word in self._comparisons.words]
        self._meanings = np.append(meanings[order], [[False] * 4], axis=0)
        self._units = _Table(list(UNITS), "unit")
        units = [*UNITS.values()]
        self._factors = np.array(
            [[unit.price, unit.grams, unit.millilitres, unit.pieces] for unit in units] + [[0.0] * DIMENSIONS],
            np.float32,
        )
        self._unit_names = tf.constant([unit.name for unit in units] + [""])
        self._words = _Table(list(NUMBER_WORDS), "number")
        self._digits = tf.constant([f"{value:g}" for value in NUMBER_WORDS.values()])

    def read(self, parts: tf.Tensor) -> Amounts:
        """Returns what string `(numbers, 9)` parts of marks say."""
        prefix, low, high, unit_of_span, before, number, unit, after, _ = tf.unstack(parts, 9, axis=1)
        spans = low != ""
        units = self._units.place_of(tf.strings.regex_replace(tf.where(spans, unit_of_span, unit), r"^[ -]|\.$", ""))
        words = [self._comparisons.place_of(_plain(word)) for word in (before, after)]
        compared = tf.where(words[0] >= 0, words[0], words[1])
        # A word that is in no table, such as that of an age, takes the number for something else.
        unread = (units == _Table.UNKNOWN) | (words[0] == _Table.UNKNOWN)
        meaning = tf.gather(self._meanings, tf.where(compared >= 0, compared, len(self._meanings) - 1))
        lowest, highest, strict, sure = tf.unstack(meaning, axis=1)
        factors = tf.gather(self._factors, tf.where(units >= 0, units, len(self._factors) - 1))
        signed = tf.strings.regex_full_match(tf.strings.join([low, high, number]), ".*[$€£¥].*")
        money = signed | (factors[:, PRICE] > 0.0)
        size = tf.reduce_any(factors[:, GRAMS:] > 0.0, axis=1) & ~signed
        bare = ~money & (units == _Table.NONE)
        is_price = (money | bare) & tf.where(
            spans, money | (prefix != ""), tf.where(compared >= 0, money | sure, money)
        )
        exact = size & ~spans & ((compared < 0) | ~sure & ~(lowest & highest))
        about = lowest & highest & ~spans
        lowest, highest = lowest | spans | exact, highest | spans | exact | (is_price & (compared < 0))
        number, high = self._shown(tf.where(spans, low, number)), self._shown(high)
        low_value = self._number(number)
        high_value = tf.where(spans, self._number(high), low_value)
        factors = tf.where((signed | bare)[:, tf.newaxis], tf.one_hot(PRICE, DIMENSIONS), factors)
        slack = tf.where(about, _ABOUT, tf.where(exact, SIZE_SLACK, tf.where(size, _ROUNDING, 0.0)))
        slack = tf.where(strict & ~spans, tf.where(size, -_ROUNDING, -_LITTLE), slack)[:, tf.newaxis]
        limited = factors > 0.0
        lows, highs = (value[:, tf.newaxis] * factors for value in (low_value, high_value))
        is_limit = (is_price | size) & ~unread & (low_value <= high_value)
        return Amounts(
            tf.where(limited & lowest[:, tf.newaxis], lows * (1.0 - slack), -np.inf),
            tf.where(limited & highest[:, tf.newaxis], highs * (1.0 + slack), np.inf),
            exact,
            is_limit,
            self._said(spans, about, exact, lowest, money | bare, units, number, high),
        )

    def _said(
        self,
        spans: tf.Tensor,
        about: tf.Tensor,
        exact: tf.Tensor,
        lowest: tf.Tensor,
        price: tf.Tensor,
        units: tf.Tensor,
        number: tf.Tensor,
        high: tf.Tensor,
    ) -> tf.Tensor:
        bound = tf.where(about, "about ", tf.where(exact | spans, "", tf.where(lowest, "at least ", "at most ")))
        name = tf.gather(self._unit_names, tf.where(units >= 0, units, tf.size(self._unit_names) - 1))
        pieces = [
            tf.where(price, "price ", "size "),
            bound,
            number,
            tf.where(spans, tf.strings.join([" to ", high]), ""),
            tf.where(name != "", tf.strings.join([" ", name]), ""),
        ]
        return tf.strings.join(pieces)

    def _number(self, typed: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(numbers,)` of what was typed; 0 where there is none."""
        digits = tf.where(typed == "", "0", typed)
        whole = tf.where(
            tf.strings.regex_full_match(digits, r".* .*"), tf.strings.regex_replace(digits, " .*", ""), "0"
        )
        rest = tf.strings.regex_replace(digits, ".* ", "")
        above = tf.strings.regex_replace(rest, "/.*", "")
        below = tf.where(tf.strings.regex_full_match(rest, ".*/.*"), tf.strings.regex_replace(rest, ".*/", ""), "1")
        whole, above, below = (tf.strings.to_number(_one_point(text)) for text in (whole, above, below))
        return whole + tf.math.divide_no_nan(above, below)

    def _shown(self, typed: tf.Tensor) -> tf.Tensor:
        """Returns numbers in digits without a currency's sign and separated thousands, with a decimal point."""
        bare = tf.strings.regex_replace(typed, r"^(?:us ?)?[$€£¥] ?", "")
        bare = tf.strings.regex_replace(bare, r"(\d),(\d{3})\b", r"\1\2")
        bare = tf.strings.regex_replace(bare, r"(\d),(\d)", r"\1.\2")
        word = self._words.place_of(bare)
        return tf.where(word >= 0, tf.gather(self._digits, tf.maximum(word, 0)), bare)


class _Table(tf.Module):
    """Places of words; `NONE` for an empty text and `UNKNOWN` for another word."""

    NONE, UNKNOWN = -1, -2

    def __init__(self, words: list[str], what: str) -> None:
        super().__init__(name=f"{what}_table")
        self.words = words
        self._lookup = IdLookup([word.encode() for word in words], what=what)

    def place_of(self, texts: tf.Tensor) -> tf.Tensor:
        place = self._lookup.index_of(texts)
        return tf.where((place < 0) & (texts != ""), self.UNKNOWN, place)


def _plain(words: tf.Tensor) -> tf.Tensor:
    return tf.strings.strip(tf.strings.regex_replace(words, GAP, " "))


def _one_point(digits: tf.Tensor) -> tf.Tensor:
    """Returns digits with the first decimal point alone, as 1.2.3 is no number."""
    return tf.strings.regex_replace(digits, r"^(\d*\.?\d*).*$", r"\1")
