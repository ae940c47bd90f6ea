"""What a sign says of a value, and how far that is to be believed."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from sklearn.isotonic import IsotonicRegression

# Products that a sign has to stand in: what one product says is no rule.
LEAST_PRODUCTS = 2
_ONE_SIDED_95 = 1.6448536269514722
BINS = 50

# Right values and all values by bin of the score.
Histogram = Mapping[int, tuple[int, int]]


class Rule(NamedTuple):
    """What the products with a sign have in a field.

    Attributes:
        value: The most frequent value.
        having: Products with it.
        second: The next one; empty for none.
        second_having: Products with that.
        total: Products with any.
    """

    value: str
    having: int
    second: str
    second_having: int
    total: int

    def without(self, value: str) -> "Rule":
        """Returns the rule of the other products, where one with `value` is left out."""
        if value == self.value:
            own = Rule(self.value, self.having - 1, self.second, self.second_having, self.total - 1)
            return (
                own
                if own.having >= own.second_having
                else Rule(own.second, own.second_having, own.value, own.having, own.total)
            )
        return self._replace(total=self.total - 1)

    @property
    def score(self) -> float:
        """The lower end of the interval of the share that has the value; 0 where too few have it."""
        return lower_share(self.having, self.total) if self.having >= LEAST_PRODUCTS else 0.0


def rule_of(counts: Iterable[tuple[str, int]]) -> Rule:
    """Returns the rule of a sign.

    Args:
        counts: Each value with the number of products that have the sign and it.
    """
    first, second, total = ("", 0), ("", 0), 0
    for value, count in counts:
        total += count
        # Of equals the first by name, so that the order does not matter.
        if (-count, value) < (-first[1], first[0]):
            first, second = (value, count), first
        elif (-count, value) < (-second[1], second[0]):
            second = (value, count)
    return Rule(*first, *second, total)


def lower_share(right: int, total: int) -> float:
    """Returns the lower end of the one-sided 95% interval of a share (Wilson, "Probable inference", JASA 1927)."""
    if not total:
        return 0.0
    z_squared = _ONE_SIDED_95**2
    share = right / total
    half = _ONE_SIDED_95 * math.sqrt(share * (1 - share) / total + z_squared / (4 * total**2))
    return max((share + z_squared / (2 * total) - half) / (1 + z_squared / total), 0.0)


def bin_of(score: float) -> int:
    """Returns the bin of a score from 0 to 1."""
    return min(int(score * BINS), BINS - 1)


def confidences(histogram: Histogram) -> list[float]:
    """Returns how probable it is that a value is right, by bin of its score: higher scores are at least as probable.

    Args:
        histogram: Of the products whose value is known, each judged by the others.
    """
    right, total = (np.array([histogram.get(place, (0, 0))[side] for place in range(BINS)]) for side in (0, 1))
    if not total.any():
        return [0.0] * BINS
    seen = np.flatnonzero(total)
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    fitted.fit(seen, right[seen] / total[seen], sample_weight=total[seen])
    return [float(value) for value in fitted.predict(np.arange(BINS))]


def least_bin(histogram: Histogram, least_right: float) -> int:
    """Returns the lowest bin from which on all values together are right often enough; `BINS` where none is.

    Args:
        histogram: By bin of the confidence, of the products whose value is known.
        least_right: Share that has to be right, by the lower end of its interval.
    """
    right = total = 0
    found = BINS
    for place in reversed(range(BINS)):
        own = histogram.get(place, (0, 0))
        right, total = right + own[0], total + own[1]
        if own[1] and lower_share(right, total) >= least_right:
            found = place
    return found
