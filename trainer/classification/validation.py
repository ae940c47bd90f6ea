"""Judges a classifier after each epoch of training."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score, f1_score

from trainer.classification.classifier import Classifier
from trainer.classification.model import TextInputs
from trainer.fitting.fit import EpochValidation

MONITORED = "f1_macro"


class ClassifierValidation(EpochValidation):
    """Classifies the eval split after each epoch: `f1_macro`, `accuracy` and `loss`, the mean negative log likelihood.

    Args:
        classifier: The classifier in training.
        inputs: The texts of the split.
        labels: int64 `(texts,)`, their labels.
        batch_size: Texts encoded at once.
    """

    def __init__(
        self, classifier: Classifier, inputs: TextInputs, labels: npt.NDArray[np.int64], batch_size: int
    ) -> None:
        self._classifier, self._labels, self._batch_size = classifier, labels, batch_size
        self._inputs: Callable[[], TextInputs] = lambda: inputs

    def logits(self) -> npt.NDArray[np.float32]:
        """Classifies the split with the classifier as it is now."""
        inputs = self._inputs()
        if inputs.vectors is not None:
            vectors = inputs.vectors.numpy()
        else:
            vectors = self._classifier.text_vectors(inputs.token_ids, self._batch_size)
        return self._classifier.logits(vectors, inputs.numbers.numpy())

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        logits = self.logits()
        found = logits.argmax(axis=1)
        likelihoods = log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(logits)), self._labels]
        return {
            MONITORED: float(f1_score(self._labels, found, average="macro")),
            "accuracy": float(accuracy_score(self._labels, found)),
            "loss": float(-likelihoods.mean()),
        }
