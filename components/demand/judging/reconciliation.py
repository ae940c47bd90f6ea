"""Forecasts of products and of categories that add up."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.demand.series import Floats, Ints

BOTTOM_UP, MIN_TRACE, DIRECT = "bottom_up", "min_trace", "direct"
_LEAST_VARIANCE = 1e-6


class Reconciled(NamedTuple):
    """Forecasts that add up.

    Attributes:
        bottom: `(series, weeks)`.
        top: `(categories, weeks)`: sums of those of each category's series.
    """

    bottom: Floats
    top: Floats


def bottom_up(bottom: Floats, group: Ints, groups: int) -> Reconciled:
    """Returns the series as they are, and their sums."""
    return Reconciled(bottom, _sums(bottom, group, groups))


def min_trace(bottom: Floats, top: Floats, group: Ints, bottom_variance: Floats, top_variance: Floats) -> Reconciled:
    """Returns the forecasts with the least trace of the errors' covariance, for errors that are not correlated.

    Of two levels that has a closed form: what a category's own forecast is above the sum of its series is dealt out to
    these by their variances (Wickramasuriya, Athanasopoulos and Hyndman, "Optimal forecast reconciliation through trace
    minimization", JASA 2019, with a diagonal covariance). Nothing becomes negative.

    Args:
        bottom: `(series, weeks)`.
        top: `(categories, weeks)`, each category's own forecast; NaN leaves its series as they are.
        group: int64 `(series,)`: the category of each series; -1 for none.
        bottom_variance: `(series,)`: of the errors.
        top_variance: `(categories,)`.
    """
    variance = np.maximum(bottom_variance, _LEAST_VARIANCE)
    groups = len(top)
    own = np.maximum(top_variance, _LEAST_VARIANCE)
    missing = np.nan_to_num(top - _sums(bottom, group, groups))
    inside = group >= 0
    total = np.bincount(group[inside], variance[inside], minlength=groups) + own
    share = np.where(inside, variance / total[group], 0.0)
    moved = np.maximum(bottom + share[:, None] * missing[group], 0.0)
    moved = np.where(inside[:, None], moved, bottom)
    return Reconciled(moved, _sums(moved, group, groups))


def _sums(bottom: Floats, group: Ints, groups: int) -> Floats:
    inside = group >= 0
    found = np.zeros((groups, bottom.shape[1]))
    np.add.at(found, group[inside], bottom[inside])
    return found


def wape(found: npt.NDArray[np.floating], true: npt.NDArray[np.floating]) -> float:
    """Returns the sum of absolute errors as a share of the sum of what is true; NaN where that is 0."""
    known = np.isfinite(true) & np.isfinite(found)
    total = true[known].sum()
    return float(np.abs(found[known] - true[known]).sum() / total) if total else float("nan")
