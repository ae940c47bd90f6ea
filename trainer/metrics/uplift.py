"""Measures of uplift models: the curve, Qini and uplift@k, vectorised over resamples, in plain NumPy.

Customers are ranked by the uplift that a model predicts, and each part of the ranking is asked what the treatment
brought in it: the mean outcome of the treated minus that of the others, each row weighed by the inverse of the
probability with which it got what it got (Hájek, 1971). Rows with equal predictions are one step of the ranking, so the
order of rows counts for nothing, and a model that predicts the same for everybody has a Qini of 0.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.metrics.bootstrap import Interval, resample_counts
from trainer.metrics.ranking import BoolArray, FloatArray, IntArray, divide_or_nan

# Numbers of a chunk of resamples: so many stay in memory at once.
_VALUES_AT_ONCE = 4_000_000


class UpliftCurve(NamedTuple):
    """What treating the first rows of a ranking brought, for a share of the rows.

    Attributes:
        share: float64 `(points,)`, the share of all rows that comes first, from 0 to 1.
        gain: float64 `(points,)`, outcomes that the treatment of the treated among them added, divided by all rows;
            NaN where they hold rows of one arm alone.
    """

    share: FloatArray
    gain: FloatArray


class RankedRows:
    """Outcomes of a randomised treatment in the order of what a model predicts.

    Args:
        predicted: float `(rows,)`, the predicted uplift; only the order counts.
        outcomes: float `(rows,)`, such as 1 for a click and 0 for none, or money.
        treated: bool `(rows,)`, whether the row got the treatment.
        propensities: float `(rows,)`, the probability with which the row got what it got, above 0 and up to 1; all
            equal where none are given.

    Raises:
        ValueError: The lengths differ, there are no rows, or a number is not what it should be.
    """

    def __init__(
        self,
        predicted: npt.NDArray[np.floating],
        outcomes: npt.NDArray[np.number],
        treated: BoolArray,
        propensities: npt.NDArray[np.floating] | None = None,
    ) -> None:
        given = np.ones(len(predicted)) if propensities is None else np.asarray(propensities, np.float64)
        if not len(predicted) or not len(predicted) == len(outcomes) == len(treated) == len(given):
            raise ValueError(
                "`predicted`, `outcomes`, `treated` and `propensities` should have the same number of rows, at least "
                f"one. Received {len(predicted)}, {len(outcomes)}, {len(treated)} and {len(given)}."
            )
        if not (np.isfinite(predicted).all() and np.isfinite(outcomes).all()):
            raise ValueError("`predicted` and `outcomes` should be finite.")
        if not ((given > 0.0) & (given <= 1.0)).all():
            raise ValueError("`propensities` should be above 0 and at most 1.")
        order = np.argsort(-np.asarray(predicted), kind="stable")
        self._order = order
        ranked = np.asarray(predicted)[order]
        # The last row of each run of equal predictions.
        self._ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
        arm, outcome = np.asarray(treated, np.bool_)[order], np.asarray(outcomes, np.float64)[order]
        weight = 1.0 / given[order]
        self._summands = np.stack(
            [
                np.ones(len(order)),
                arm.astype(np.float64),
                arm * weight,
                arm * weight * outcome,
                ~arm * weight,
                ~arm * weight * outcome,
            ]
        )

    def __len__(self) -> int:
        return len(self._order)

    def curve(self) -> UpliftCurve:
        """Returns the uplift curve of Radcliffe ("Using control groups to target on predicted lift", 2007)."""
        share, gain = self._curves(self._sums(None))
        return UpliftCurve(share[0], gain[0])

    def qini(self) -> float:
        """Returns the area between the curve and the straight line to its end: 0 for an order at random.

        It is in outcomes a row, not normalised, and NaN where an arm has no rows.
        """
        return float(self._qini(self._sums(None))[0])

    def uplift_at(self, share: float) -> float:
        """Returns the uplift of the first `share` of the rows: mean outcome of the treated minus that of the others.

        A step of equal predictions at the cut counts in part, each of its rows alike. NaN where an arm has no rows.

        Args:
            share: Above 0, up to 1.
        """
        return float(self._uplift_at(self._sums(None), share)[0])

    def intervals(
        self,
        shares: Sequence[float],
        seed: int,
        resamples: int = 1000,
        groups: IntArray | None = None,
        confidence: float = 0.95,
    ) -> dict[str, Interval]:
        """Returns `qini` and `uplift_at_SHARE` in percent, such as uplift_at_30, with bootstrap intervals.

        Args:
            shares: As for `uplift_at`.
            seed: Of the resampling.
            resamples: How many.
            groups: int `(rows,)` from 0; rows of one group, such as a customer, are drawn together. Each row is a
                group of its own where none are given.
            confidence: Share of the resampled values that lies in the interval.
        """
        values = self._measures(self._sums(None), shares)
        number = len(self) if groups is None else int(groups.max()) + 1
        drawn = []
        for counts in resample_counts(number, seed, resamples):
            of_rows = counts[:, self._order] if groups is None else counts[:, np.asarray(groups)[self._order]]
            at_once = max(1, _VALUES_AT_ONCE // len(self))
            for start in range(0, len(of_rows), at_once):
                drawn.append(self._measures(self._sums(of_rows[start : start + at_once]), shares))
        names = ["qini", *(f"uplift_at_{100 * share:g}" for share in shares)]
        return {
            name: Interval(float(value[0]), *_bounds(np.concatenate(resampled), confidence))
            for name, value, resampled in zip(names, values, zip(*drawn, strict=True), strict=True)
        }

    def _sums(self, counts: FloatArray | None) -> FloatArray:
        """Returns the sums of `_summands` up to each step's end, `(6, resamples, steps + 1)`, from 0."""
        if counts is None:
            counts = np.ones((1, len(self)))
        sums = np.zeros((len(self._summands), len(counts), len(self._ends) + 1))
        for each, summand in zip(sums, self._summands, strict=True):
            each[:, 1:] = np.cumsum(counts * summand, axis=1)[:, self._ends]
        return sums

    def _measures(self, sums: FloatArray, shares: Sequence[float]) -> list[FloatArray]:
        return [self._qini(sums), *(self._uplift_at(sums, share) for share in shares)]

    def _curves(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns shares and gains, `(resamples, steps + 1)` each."""
        rows, treated = sums[0], sums[1]
        gain = treated * _difference(sums) / rows[:, -1:]
        gain[:, 0] = 0.0
        return rows / rows[:, -1:], gain

    def _qini(self, sums: FloatArray) -> FloatArray:
        share, gain = self._curves(sums)
        # Where the first steps hold one arm alone nothing is known yet, and the curve starts straight.
        known = ~np.isnan(gain)
        area = np.full(len(gain), np.nan)
        if known.all():
            area[:] = np.trapezoid(gain, share, axis=1)
        else:
            for row in np.flatnonzero(known[:, -1]):
                area[row] = np.trapezoid(gain[row, known[row]], share[row, known[row]])
        return np.asarray(area - gain[:, -1] / 2.0)

    def _uplift_at(self, sums: FloatArray, share: float) -> FloatArray:
        if not 0.0 < share <= 1.0:
            raise ValueError(f"`share` should be above 0 and at most 1. Received {share}.")
        rows = sums[0]
        wanted = share * rows[:, -1]
        # The first step whose end reaches the share, at least 1.
        after = np.minimum((rows < wanted[:, np.newaxis]).sum(axis=1), rows.shape[1] - 1)
        each = np.arange(len(rows))
        of_step = divide_or_nan(wanted - rows[each, after - 1], rows[each, after] - rows[each, after - 1])
        before, end = sums[:, each, after - 1], sums[:, each, after]
        return np.asarray(_difference((before + of_step * (end - before))[..., np.newaxis])[:, 0])


def _difference(sums: FloatArray) -> FloatArray:
    """Returns the mean outcome of the treated minus that of the others; NaN where an arm has no rows."""
    _, _, treated, of_treated, other, of_other = sums
    result = np.full(treated.shape, np.nan)
    both = (treated > 0.0) & (other > 0.0)
    result[both] = of_treated[both] / treated[both] - of_other[both] / other[both]
    return result


def _bounds(resampled: FloatArray, confidence: float) -> tuple[float, float]:
    known = resampled[~np.isnan(resampled)]
    if len(known) < 2:
        return float("nan"), float("nan")
    tail = 50.0 * (1.0 - confidence)
    low, high = np.percentile(known, [tail, 100.0 - tail])
    return float(low), float(high)
