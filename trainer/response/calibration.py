"""Logits to probabilities that can be believed."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize
from scipy.special import expit

FloatArray = npt.NDArray[np.floating]

# What a slope of 1 and an intercept of 0 are believed in beforehand, as so many impressions.
_BELIEF = 40.0


class Calibration(NamedTuple):
    """What a logit is multiplied by, and what is then added."""

    slope: float
    intercept: float


def fit_calibration(logits: FloatArray, outcomes: FloatArray, weights: FloatArray) -> Calibration:
    """Finds the slope and the intercept under which outcomes are likeliest, drawn a little to 1 and 0.

    Source: Platt, "Probabilistic outputs for support vector machines", 1999.

    Args:
        logits: `(rows,)`.
        outcomes: `(rows,)` of 0 and 1.
        weights: What each row counts for, `(rows,)`.
    """
    wide = logits.astype(np.float64)

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        slope, intercept = parameters
        shifted = slope * wide + intercept
        losses = np.logaddexp(0.0, shifted) - outcomes * shifted
        error = weights * (expit(shifted) - outcomes)
        belief = _BELIEF * np.array([slope - 1.0, intercept])
        value = float((weights * losses).sum() + 0.5 * (belief * np.array([slope - 1.0, intercept])).sum())
        return value, np.array([(error * wide).sum(), error.sum()]) + belief

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 20.0), (-20.0, 20.0)])
    return Calibration(float(found.x[0]), float(found.x[1]))


def slope_with_more(slope: float, share: float) -> float:
    """Returns the slope of a model that learns from more rows than the one whose slope is known.

    A penalty holds logits back, and chance drives them apart, about in inverse proportion to the rows: what a slope is
    off 1 by shrinks so.

    Args:
        slope: That of the model that learned from fewer.
        share: Its rows, as a share of the others'.
    """
    return 1.0 + (slope - 1.0) * share


def level_at_slope(slope: float, logits: FloatArray, outcomes: FloatArray, weights: FloatArray) -> float:
    """Returns the intercept with which a slope makes the mean probability the rate of the outcomes.

    Args:
        slope: What logits are multiplied by.
        logits: `(rows,)`.
        outcomes: `(rows,)` of 0 and 1, not all the same.
        weights: What each row counts for, `(rows,)`.
    """
    wide, rate = slope * logits.astype(np.float64), np.average(outcomes, weights=weights)
    return float(brentq(lambda shift: np.average(expit(wide + shift), weights=weights) - rate, -30.0, 30.0))
