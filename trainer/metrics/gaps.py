"""How far a group of test examples lies from all others, and whether that is more than chance."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Of a normal distribution, from the mean to the end of a 95% interval.
_INTERVAL_95 = 1.959964
_RESAMPLES = 500


class Gap(NamedTuple):
    """A metric of a group less that of all others.

    Attributes:
        difference: Below 0 where the group is served worse.
        error: Its standard error.
    """

    difference: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        return self.difference - _INTERVAL_95 * self.error, self.difference + _INTERVAL_95 * self.error

    @property
    def p_value(self) -> float:
        """Chance of so large a difference, one way or the other, where there is none."""
        return min(1.0, 2.0 * _above(abs(self.difference), self.error))

    def shortfall_p_value(self, allowed: float) -> float:
        """Returns the chance of so low a metric where the group falls short by no more than what is allowed."""
        return _above(-self.difference - allowed, self.error)


def share_gap(right: int, rows: int, other_right: int, other_rows: int) -> Gap:
    """Compares two shares, such as accuracies.

    Two right and two wrong answers are taken to be there already, one of each a group, so that the error is not 0 where
    all are right, and the interval holds what it says in small groups (Agresti and Caffo, "Simple and effective
    confidence intervals for proportions", The American Statistician 2000).
    """
    shares = np.array([(right + 1) / (rows + 2), (other_right + 1) / (other_rows + 2)])
    variance = (shares * (1.0 - shares) / np.array([rows + 2, other_rows + 2])).sum()
    return Gap(float(shares[0] - shares[1]), float(variance**0.5))


def mean_gap(values: FloatArray, others: FloatArray) -> Gap:
    """Compares the means of two groups of users, two or more each (Welch, 1947)."""
    variance = values.var(ddof=1) / len(values) + others.var(ddof=1) / len(others)
    return Gap(float(values.mean() - others.mean()), float(variance**0.5))


def macro_f1_gap(confusion: IntArray, others: IntArray, seed: int) -> Gap | None:
    """Compares macro-F1 of two groups.

    The error is that of resamples of each group by itself, with one example spread over all cells of its table, since a
    group without any mistake would never make one.

    Args:
        confusion: int64 `(classes, classes)`, how many examples of each label (row) were given each label (column).
        others: The same of the others.
        seed: Of the resampling.

    Returns:
        None where a label that one of the groups has is not in the other one: its F1 is not defined there, and to call
        it 0 would make a perfect model the most unfair one.
    """
    if ((confusion.sum(axis=1) > 0) != (others.sum(axis=1) > 0)).any():
        return None
    random = np.random.default_rng(seed)
    drawn = []
    for table in (confusion, others):
        rows, spread = int(table.sum()), table + 1.0 / table.size
        samples = random.multinomial(rows, (spread / spread.sum()).ravel(), _RESAMPLES)
        drawn.append(_macro_f1(samples.reshape(-1, *table.shape)))
    found, other = (float(_macro_f1(table[np.newaxis])[0]) for table in (confusion, others))
    return Gap(found - other, float(np.hypot(*(each.std(ddof=1) for each in drawn))))


def _macro_f1(tables: IntArray) -> FloatArray:
    """Returns macro-F1 of `(tables, classes, classes)`; labels that nobody has and nobody was given do not count."""
    both = tables.sum(axis=1) + tables.sum(axis=2)
    right = np.diagonal(tables, axis1=1, axis2=2)
    scores = np.divide(2.0 * right, both, out=np.zeros(both.shape), where=both > 0)
    means: FloatArray = scores.sum(axis=1) / np.maximum((both > 0).sum(axis=1), 1)
    return means


def _above(distance: float, error: float) -> float:
    from scipy.stats import norm

    if error == 0.0:
        return float(distance <= 0.0)
    return float(norm.sf(distance / error))
