"""What another rule of showing would have brought, from a log that says how probable its own choices were."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.metrics.bootstrap import Interval, resample_counts
from trainer.metrics.ranking import FloatArray, IntArray


class PolicyValue(NamedTuple):
    """The mean outcome a row under a rule of showing, estimated three ways, each with a 95% bootstrap interval.

    Attributes:
        ips: By inverse propensity (Horvitz and Thompson, 1952); unbiased, and wide where few rows agree with the rule.
        self_normalised: The same divided by the sum of the weights (Swaminathan and Joachims, "The self-normalized
            estimator for counterfactual learning", NeurIPS 2015); it never leaves the range of the outcomes.
        doubly_robust: A model's estimate, corrected by the rows that agree (Dudík, Langford and Li, "Doubly robust
            policy evaluation and learning", ICML 2011); right if either the propensities or the model are.
        effective_rows: Rows that the weights are worth: the square of their sum over the sum of their squares.
        rows: Rows in all.
    """

    ips: Interval
    self_normalised: Interval
    doubly_robust: Interval
    effective_rows: float
    rows: int


def policy_value(
    outcomes: npt.NDArray[np.number],
    propensities: FloatArray,
    chosen: npt.NDArray[np.number] | npt.NDArray[np.bool_],
    predicted: FloatArray,
    expected: FloatArray,
    seed: int,
    resamples: int = 1000,
    groups: IntArray | None = None,
) -> PolicyValue:
    """Estimates the value of a rule from rows that were shown by another one.

    Args:
        outcomes: float `(rows,)`, what came of what was shown.
        propensities: float `(rows,)`, the probability with which it was shown, above 0 and up to 1.
        chosen: float or bool `(rows,)`, the probability with which the rule would have shown the same.
        predicted: float `(rows,)`, a model's estimate of the outcome of what was shown.
        expected: float `(rows,)`, its estimate of the outcome of what the rule shows instead.
        seed: Of the resampling.
        resamples: How many.
        groups: int `(rows,)` from 0; rows of one group, such as a customer, are drawn together.

    Raises:
        ValueError: The lengths differ, there are no rows, or a propensity is not above 0 and at most 1.
    """
    rows = len(outcomes)
    if not rows or any(len(each) != rows for each in (propensities, chosen, predicted, expected)):
        raise ValueError("`outcomes` should have at least one row, and all other arguments as many.")
    if not ((propensities > 0.0) & (propensities <= 1.0)).all():
        raise ValueError("`propensities` should be above 0 and at most 1.")
    weights = np.asarray(chosen, np.float64) / propensities
    summands = np.column_stack(
        [np.ones(rows), weights, weights * outcomes, expected + weights * (outcomes - predicted)]
    ).astype(np.float64)
    if groups is not None:
        summands = np.stack([np.bincount(groups, each) for each in summands.T], axis=1)
    values = _estimates(summands.sum(axis=0))
    drawn = [_estimates(counts @ summands) for counts in resample_counts(len(summands), seed, resamples)]
    resampled = np.concatenate(drawn)
    squares = float((weights * weights).sum())
    effective = float(weights.sum() ** 2 / squares) if squares else 0.0
    ips, normalised, robust = (_interval(value, each) for value, each in zip(values, resampled.T, strict=True))
    return PolicyValue(ips, normalised, robust, effective, rows)


def _estimates(sums: FloatArray) -> FloatArray:
    """Returns the three estimates, float64 `(…, 3)`, from sums `(…, 4)`."""
    rows, weights, weighted, robust = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore"):
        # NaN where no row agrees with the rule.
        normalised = weighted / np.where(weights > 0.0, weights, np.nan)
    return np.stack([weighted / rows, normalised, robust / rows], axis=-1)


def _interval(value: float, resampled: FloatArray) -> Interval:
    known = resampled[~np.isnan(resampled)]
    if len(known) < 2:
        return Interval(float(value), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
