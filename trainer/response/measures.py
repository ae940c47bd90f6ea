"""How good probabilities of an outcome are: in their order, their size, and against knowing the base rate alone."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.floating]

_LEAST = 1e-7


def log_loss(probabilities: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Returns the log loss of each row, float64 `(rows,)`."""
    sure = np.clip(probabilities.astype(np.float64), _LEAST, 1.0 - _LEAST)
    return np.asarray(-np.where(outcomes > 0.5, np.log(sure), np.log1p(-sure)))


def normalised_entropy(probabilities: FloatArray, outcomes: FloatArray) -> float:
    """Returns the mean log loss divided by that of the rows' own base rate: 1 is no better than knowing that rate.

    Source: He et al., "Practical lessons from predicting clicks on ads at Facebook", ADKDD 2014. NaN where all outcomes
    are the same.
    """
    rate = float(np.mean(outcomes))
    if rate in (0.0, 1.0):
        return float("nan")
    entropy = -(rate * np.log(rate) + (1.0 - rate) * np.log1p(-rate))
    return float(np.mean(log_loss(probabilities, outcomes)) / entropy)


def area_under_curve(probabilities: FloatArray, outcomes: FloatArray) -> float:
    """Returns the area under the ROC curve, equal probabilities half right; NaN where all outcomes are the same."""
    happened = outcomes > 0.5
    positives, negatives = int(happened.sum()), int((~happened).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(probabilities)[happened].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def calibration_error(probabilities: FloatArray, outcomes: FloatArray, bins: int = 10) -> float:
    """Returns how far mean probability and rate are apart, on average over bins of equally many rows.

    Args:
        probabilities: `(rows,)`.
        outcomes: `(rows,)` of 0 and 1.
        bins: How many; rows of equal probability stand in their own order.
    """
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        len(rows) * abs(float(probabilities[rows].mean() - outcomes[rows].mean()))
        for rows in np.array_split(order, bins)
        if len(rows)
    ]
    return sum(gaps) / max(len(order), 1)
