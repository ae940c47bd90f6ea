"""What a randomised treatment brought on average, with an interval that needs no resampling."""

import math

import numpy as np
import numpy.typing as npt

from trainer.metrics.bootstrap import Interval
from trainer.metrics.ranking import BoolArray, FloatArray

# Half the width of a 95% interval of the normal distribution, in standard errors.
_STANDARD_ERRORS = 1.959964


def treatment_effect(
    outcomes: npt.NDArray[np.number], treated: BoolArray, propensities: npt.NDArray[np.floating] | None = None
) -> Interval:
    """Returns the mean outcome of the treated minus that of the others.

    Rows are weighed by the inverse of their propensity, divided by the weights' sum of the arm (Hájek, 1971); the
    standard error is that of the linearised means, which are independent of each other. With equal propensities it is
    Welch's.

    Args:
        outcomes: float `(rows,)`.
        treated: bool `(rows,)`, whether the row got the treatment.
        propensities: float `(rows,)`, the probability with which the row got what it got; all equal if None.

    Returns:
        NaN where an arm has no rows; an interval of NaN where one has fewer than two, or never a response in either.
    """
    weights = np.ones(len(outcomes)) if propensities is None else 1.0 / np.asarray(propensities, np.float64)
    means, variances = zip(*(_mean_of(outcomes[arm], weights[arm]) for arm in (treated, ~treated)), strict=True)
    difference, variance = means[0] - means[1], variances[0] + variances[1]
    if not variance > 0.0:  # NaN too.
        return Interval(difference, math.nan, math.nan)
    half = _STANDARD_ERRORS * math.sqrt(variance)
    return Interval(difference, difference - half, difference + half)


def _mean_of(outcomes: npt.NDArray[np.number], weights: FloatArray) -> tuple[float, float]:
    """Returns a weighted mean and its variance, NaN where there are too few rows."""
    rows = len(outcomes)
    if not rows:
        return math.nan, math.nan
    mean = float(np.average(outcomes, weights=weights))
    if rows < 2:
        return mean, math.nan
    shares = weights / weights.sum()
    return mean, float(np.square(shares * (outcomes - mean)).sum() * rows / (rows - 1))
