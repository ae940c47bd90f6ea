"""Regularised logistic regression, as the weights of a linear layer."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

_MOST_ITERATIONS = 300
# A label without any training text is all but impossible.
_NEVER = -30.0


class LinearLayer(NamedTuple):
    """A linear layer.

    Attributes:
        kernel: float32 `(features, classes)`.
        bias: float32 `(classes,)`.
    """

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]


def fit_logistic(
    features: Any,
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    classes: int,
    inverse_regularisation: float,
    tolerance: float = 1e-3,
) -> LinearLayer:
    """Learns labels from features, all classes at once.

    Args:
        features: float32 `(texts, features)`, an array or a sparse matrix.
        labels: int64 `(texts,)`, of two classes or more.
        weights: float32 `(texts,)`, of each text.
        classes: How many labels there are, those without a text included.
        inverse_regularisation: scikit-learn's `C`.
        tolerance: Greatest part of the gradient at which it ends.
    """
    model = LogisticRegression(C=inverse_regularisation, max_iter=_MOST_ITERATIONS, tol=tolerance)
    model.fit(features, labels, sample_weight=weights)
    kernel = np.zeros((features.shape[1], classes), np.float32)
    bias = np.full(classes, _NEVER, np.float32)
    if len(model.classes_) == 2:
        kernel[:, model.classes_[1]], bias[model.classes_] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        kernel[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return LinearLayer(kernel, bias)
