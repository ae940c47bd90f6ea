"""Labels from texts and pictures together, by what each side says alone."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

Matrix = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]

# Of looks of length 1, whose values are small: found on photographs of clothes, where 10 to 100 come to the same.
_INVERSE_REGULARISATION = 30.0
_MOST_STEPS = 200
_LEAST_PROBABILITY = 1e-6


class PictureHead(NamedTuple):
    """A linear classifier of looks.

    Attributes:
        kernel: float32 `(looks, classes)`.
        bias: float32 `(classes,)`; -inf for a label that no picture had.
    """

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def logits(self, looks: Matrix) -> npt.NDArray[np.float32]:
        """Returns float32 `(n, classes)`."""
        logits: npt.NDArray[np.float32] = looks.astype(np.float32) @ self.kernel + self.bias
        return logits


def fit_picture_head(looks: Matrix, labels: Labels, classes: int) -> PictureHead:
    """Learns labels from looks by regularised logistic regression.

    Args:
        looks: float `(pictures, looks)` of length 1.
        labels: int `(pictures,)`, of two classes at least.
        classes: Their number, those that no picture has included.
    """
    model = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=_MOST_STEPS, tol=1e-3).fit(looks, labels)
    kernel = np.zeros((looks.shape[1], classes), np.float32)
    bias = np.full(classes, -np.inf, np.float32)
    if len(model.classes_) == 2:
        kernel[:, model.classes_[1]], bias[model.classes_] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        kernel[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return PictureHead(kernel, bias)


class LabelFusion(NamedTuple):
    """Powers of both sides' probabilities, whose product is the fused one; 1 and 0 for one side alone."""

    text: float
    picture: float

    def fuse(self, text: Matrix, picture: Matrix) -> Matrix:
        """Returns probabilities `(n, classes)` from those of both sides; a row of NaN stands for no picture."""
        known = np.isfinite(picture).all(axis=1, keepdims=True)
        # Without a picture there is the text alone, whatever it is worth.
        powers = np.where(known, self.text, self.text or 1.0)
        logits = powers * _logarithms(text) + self.picture * np.where(known, _logarithms(np.nan_to_num(picture)), 0.0)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        fused: Matrix = shifted / shifted.sum(axis=1, keepdims=True)
        return fused


def learn_label_fusion(text: Matrix, picture: Matrix, labels: Labels) -> LabelFusion:
    """Learns the powers with the least log loss; the better side alone where both are hardly better than it.

    Both count where their accuracy is above that of the better side by more than a standard error of the difference
    (after the one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984), or is as good with
    a log loss that is less by more than one: so that a side which says nothing does no harm.

    Args:
        text: Probabilities `(n, classes)` by texts, of rows that neither side has learned.
        picture: Likewise by pictures.
        labels: int `(n,)`.
    """
    sides = _logarithms(text), _logarithms(picture)
    rows = np.arange(len(labels))

    def losses(powers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        logits = powers[0] * sides[0] + powers[1] * sides[1]
        highest = logits.max(axis=1)
        total = highest + np.log(np.exp(logits - highest[:, np.newaxis]).sum(axis=1))
        return total - logits[rows, labels]

    found = minimize(lambda powers: losses(powers).mean(), (0.7, 0.7), bounds=((0.0, 5.0), (0.0, 5.0)))
    right = [(side.argmax(axis=1) == labels).astype(np.float64) for side in sides]
    better = int(right[1].mean() > right[0].mean())
    alone = np.array((0.0, 1.0) if better else (1.0, 0.0))
    fused_right = ((found.x[0] * sides[0] + found.x[1] * sides[1]).argmax(axis=1) == labels).astype(np.float64)
    gain, saved = fused_right - right[better], losses(alone) - losses(found.x)
    surely_better = gain.mean() > _standard_error(gain)
    as_good = gain.mean() >= 0.0 and saved.mean() > _standard_error(saved)
    return LabelFusion(*map(float, found.x if surely_better or as_good else alone))


def _standard_error(values: npt.NDArray[np.float64]) -> float:
    return float(values.std(ddof=min(1, len(values) - 1)) / np.sqrt(len(values)))


def _logarithms(probabilities: Matrix) -> npt.NDArray[np.float64]:
    logarithms: npt.NDArray[np.float64] = np.log(np.maximum(probabilities.astype(np.float64), _LEAST_PROBABILITY))
    return logarithms
