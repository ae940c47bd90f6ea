"""A linear head above vectors that stay as they are, found at once instead of step by step."""

import numpy as np
import numpy.typing as npt

from trainer.classification.batches import LabelBatches
from trainer.classification.head import ClassificationHead
from trainer.classification.linear.logistic import fit_logistic
from trainer.classification.validation import ClassifierValidation
from trainer.fitting.fit import BestEpoch

# Of parts of deviation 1. Few texts want the larger ones.
_INVERSE_REGULARISATIONS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)

Matrix = npt.NDArray[np.float32]


def fit_linear_head(
    head: ClassificationHead, vectors: Matrix, numbers: Matrix, batches: LabelBatches, validation: ClassifierValidation
) -> tuple[BestEpoch, float]:
    """Gives a head without a hidden layer the weights of a regularised logistic regression.

    It is regularised less and less, until the loss on the validation split rises. Steps that stop early
    regularise by chance: over several layers of BERT they fit the training texts within two passes.

    Args:
        head: The head, which is changed; its input is standardised.
        vectors: float32 `(texts, dimensions)`.
        numbers: float32 `(texts, numbers)` beside them.
        batches: Labels and weights of the texts.
        validation: Judges the head as it is.

    Returns:
        What it was judged by, as if it were the one epoch of a training; and the inverse of the strength.
    """
    features = np.asarray(head.represent(vectors, numbers))
    metrics: dict[str, float] = {}
    weights, chosen = head.logits.get_weights(), 0.0
    for strength in _INVERSE_REGULARISATIONS:
        layer = fit_logistic(features, batches.labels, batches.weights, head.logits.units, strength)
        head.logits.set_weights(list(layer))
        judged = validation.judge(0, last=True)
        if metrics and judged["loss"] > metrics["loss"]:
            break
        metrics, weights, chosen = judged, list(layer), strength
    head.logits.set_weights(weights)
    return BestEpoch(number=1, epochs=1, loss=metrics["loss"], metrics=metrics), chosen


def refit_linear_head(
    head: ClassificationHead, vectors: Matrix, numbers: Matrix, batches: LabelBatches, inverse_regularisation: float
) -> None:
    """Gives such a head the weights of more texts, regularised as was found."""
    features = np.asarray(head.represent(vectors, numbers))
    layer = fit_logistic(features, batches.labels, batches.weights, head.logits.units, inverse_regularisation)
    head.logits.set_weights(list(layer))
