"""Uplifts of the right size: a network that is kept close to a few effects makes them too small."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


def fit_slope(score: FloatArray, deviation: FloatArray, weight: FloatArray) -> float:
    """Returns what the deviations of an uplift from its mean should be multiplied by.

    It is the regression of an unbiased score on them, drawn to 1 as by a belief of 1 give or take 1, and never below 0:
    an order that the rows contradict is no order.

    Args:
        score: `(rows,)`, of `contrasts` times the surprise.
        deviation: `(rows,)`, of the predicted uplift from its mean.
        weight: `(rows,)`, what each row counts for.
    """
    score, deviation, weight = (np.asarray(each, np.float64) for each in (score, deviation, weight))
    scatter = float(np.average(np.square(score - np.average(score, weights=weight)), weights=weight))
    known = float((weight * deviation * deviation).sum())
    found = float((weight * deviation * (score - np.average(score, weights=weight))).sum())
    return max(0.0, (found + scatter) / (known + scatter)) if scatter > 0.0 else 1.0
