"""Whether a difference is beyond chance: of who was asked, of a training's seed, and of many that are compared."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Of a normal distribution, from the mean to the end of a 95% interval.
_INTERVAL_95 = 1.959964


class TrainingsDifference(NamedTuple):
    """How much better one way of training is than another, over what users and seeds do by chance.

    Attributes:
        mean: The difference of the means of both ways.
        error: Its standard error.
        p_value: Of as large a difference, one way or the other, where there is none.
    """

    mean: float
    error: float
    p_value: float


def difference_of_trainings(own: Sequence[float], other: Sequence[float], users_error: float) -> TrainingsDifference:
    """Compares two ways of training, each trained several times and judged on the same users.

    Users and seeds are two sources of chance, whose variances add up. That of seeds is estimated from both ways
    together, and counts as known no better than so few trainings make it: degrees of freedom as in Satterthwaite, "An
    approximate distribution of estimates of variance components", 1946.

    Args:
        own: The metric of each training of one way, by seeds of its own.
        other: Likewise, of the other way.
        users_error: Standard error, over users, of the difference of two trainings.

    Raises:
        ValueError: Neither way was trained twice, so nothing is known of seeds.
    """
    from scipy.stats import t

    freedom = len(own) + len(other) - 2
    if freedom < 1 or not len(own) or not len(other):
        raise ValueError(f"Trainings of different seeds are needed, two or more. Received {len(own)} and {len(other)}.")
    squares = sum(float(np.square(np.subtract(values, np.mean(values))).sum()) for values in (own, other))
    by_seed = squares / freedom * (1.0 / len(own) + 1.0 / len(other))
    variance = users_error**2 + by_seed
    mean = float(np.mean(own) - np.mean(other))
    if variance == 0.0:
        return TrainingsDifference(mean, 0.0, float(mean == 0.0))
    # Of users there are so many that theirs is as good as known.
    known = freedom * variance**2 / by_seed**2 if by_seed else np.inf
    return TrainingsDifference(mean, variance**0.5, float(2.0 * t.sf(abs(mean) / variance**0.5, known)))


def error_of_interval(low: float, high: float) -> float:
    """Returns the standard error that a 95% interval is made of."""
    return (high - low) / (2.0 * _INTERVAL_95)


def p_value_of_interval(mean: float, low: float, high: float) -> float:
    """Returns the chance of so large a difference, one way or the other, where there is none, by its 95% interval."""
    from scipy.stats import norm

    error = error_of_interval(low, high)
    if error == 0.0:
        return float(mean == 0.0)
    return float(2.0 * norm.sf(abs(mean) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrects p-values for how many there are, so that all together are seldom wrong.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Args:
        p_values: Of each comparison.

    Returns:
        Corrected ones in the same order, at most 1: those up to a level are beyond chance at that level.
    """
    order = np.argsort(p_values, kind="stable")
    raised = np.asarray(p_values, np.float64)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(value) for value in corrected]
