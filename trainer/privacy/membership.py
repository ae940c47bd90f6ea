"""Membership inference: how often somebody who sees a model's probabilities can say which texts it learned from."""

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]

# Probabilities beyond this say nothing more.
_LEAST = 1e-6


def confidences(probabilities: FloatArray, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns the log odds that a model gives the true label of each text, float64 `(texts,)`."""
    true = np.clip(probabilities[np.arange(len(labels)), labels].astype(np.float64), _LEAST, 1.0 - _LEAST)
    return np.log(true) - np.log1p(-true)


def likelihood_ratios(shadows: FloatArray, members: BoolArray, target: FloatArray) -> npt.NDArray[np.float64]:
    """Says how much likelier a model's confidences are if it learned from each text than if not, as a logarithm.

    What models say of a text that they learned from, and of one that they did not, is taken for two normal
    distributions; their deviations are those of all texts together, as few shadow models tell no text's own.

    Source: Carlini et al., "Membership inference attacks from first principles", IEEE S&P 2022.

    Args:
        shadows: `(models, texts)`, what `confidences` says of models like the target, each of which learned from some
            of the texts.
        members: bool `(models, texts)`, which those are; every text is in one or more and out of one or more.
        target: `(texts,)`, the same of the model that is attacked.

    Returns:
        float64 `(texts,)`.
    """
    means, deviations = [], []
    for chosen in (members, ~members):
        mean = np.where(chosen, shadows, 0.0).sum(axis=0) / chosen.sum(axis=0)
        means.append(mean)
        deviations.append(max(float((shadows - mean)[chosen].std()), _LEAST))
    inside, outside = (norm.logpdf(target, mean, one) for mean, one in zip(means, deviations, strict=True))
    return np.asarray(inside - outside, np.float64)


def true_positives_at(scores: FloatArray, members: BoolArray, false_positives: float = 0.01) -> float:
    """Returns the share of the members that score above all but so large a share of the others."""
    others = np.sort(scores[~members])[::-1]
    allowed = int(false_positives * len(others))
    return float((scores[members] > others[allowed]).mean())
