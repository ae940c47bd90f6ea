"""Probabilities that can be believed: temperature scaling, and how far off they are."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]

_LOWEST, _HIGHEST = 0.05, 20.0


def fit_temperature(logits: FloatArray, labels: IntArray) -> float:
    """Finds what to divide logits by so that labels are as likely as they can be.

    Labels count as a little less than sure, by 1 / (texts + 2), as in Platt, "Probabilistic outputs for support vector
    machines", 1999: else a few texts that are all right would make every probability 0 or 1.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.

    Args:
        logits: `(texts, classes)`.
        labels: int64 `(texts,)`.

    Returns:
        A temperature from 0.05 to 20; the best label of a text stays the same whatever it is.
    """
    wide = logits.astype(np.float64)
    rows, classes = wide.shape
    doubt = 1.0 / (rows + 2)
    targets = np.full(wide.shape, doubt / (classes - 1))
    targets[np.arange(rows), labels] = 1.0 - doubt

    def loss(log_temperature: float) -> float:
        return float(-(targets * log_softmax(wide / np.exp(log_temperature), axis=1)).sum(axis=1).mean())

    found = minimize_scalar(loss, bounds=(np.log(_LOWEST), np.log(_HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def expected_calibration_error(probabilities: FloatArray, labels: IntArray, bins: int = 15) -> float:
    """Returns how far the probability of the best label is from how often it is right, on average.

    Best labels are put into bins of equal width by their probability; the differences of mean probability and accuracy
    are weighed by the texts of each bin (Guo et al., 2017).

    Args:
        probabilities: `(texts, classes)`.
        labels: int64 `(texts,)`.
        bins: How many.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / max(len(labels), 1))
