"""Judges a classifier after each epoch of training."""

import logging
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score, f1_score

from trainer.classification.classifier import Classifier
from trainer.classification.model import TextInputs

logger = logging.getLogger(__name__)

EVAL_PREFIX = "eval_"
MONITORED = f"{EVAL_PREFIX}f1_macro"


class ClassifierValidation(keras.callbacks.Callback):
    """Classifies the eval split after each epoch and adds the metrics to the epoch's logs.

    Callbacks after it in the list (early stopping, TensorBoard) see `eval_f1_macro`, `eval_accuracy` and `eval_loss`,
    the mean negative log likelihood.

    Args:
        classifier: The classifier in training.
        inputs: The texts of the split.
        labels: int64 `(texts,)`, their labels.
        batch_size: Texts encoded at once.
    """

    def __init__(
        self, classifier: Classifier, inputs: TextInputs, labels: npt.NDArray[np.int64], batch_size: int
    ) -> None:
        super().__init__()
        self.history: list[dict[str, float]] = []
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

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logits = self.logits()
        found = logits.argmax(axis=1)
        likelihoods = log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(logits)), self._labels]
        metrics = {
            MONITORED: float(f1_score(self._labels, found, average="macro")),
            f"{EVAL_PREFIX}accuracy": float(accuracy_score(self._labels, found)),
            f"{EVAL_PREFIX}loss": float(-likelihoods.mean()),
        }
        self.history.append(metrics)
        if logs is not None:
            logs.update(metrics)
        shown = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        logger.info("Epoch %d: loss %.4f, %s", epoch + 1, (logs or {}).get("loss", float("nan")), shown)
