"""Batches of labelled texts, by row, with the weight of each."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.classification.options import ClassifierTrainingOptions
from trainer.fitting.batches import unsharded


class LabelBatches:
    """Passes over the texts, each in another random order, without those that fill no batch.

    A batch is a dict of `row` int32, `label` int32 and `weight` float32, all `(batch,)`.

    Attributes:
        steps: Batches of a pass.
        labels: int64 `(texts,)`.
        weights: float32 `(texts,)`, 1 on average.
        size: Texts of a batch.

    Args:
        labels: int64 `(texts,)`.
        classes: Labels that there are.
        options: The size of a batch, and how labels are weighed.
        seed: Of the order.
        weights: float32 `(texts,)`, what each text counts; None where all count alike.
    """

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        classes: int,
        options: ClassifierTrainingOptions,
        seed: int,
        weights: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.labels = labels
        self.weights = label_weights(labels, classes, options.class_weights)[labels]
        if weights is not None:
            self.weights = self.weights * weights
        self.size = min(options.batch_size, len(labels))
        self._seed = seed
        self.steps = len(labels) // self.size

    def epoch(self, number: int, first: int = 0) -> tf.data.Dataset:
        """Returns a pass, from its batch `first` on."""
        order = np.random.default_rng([self._seed, number]).permutation(len(self.labels))
        chosen = order[first * self.size : self.steps * self.size]
        columns = {
            "row": chosen.astype(np.int32),
            "label": self.labels[chosen].astype(np.int32),
            "weight": self.weights[chosen],
        }
        texts = tf.data.Dataset.from_tensor_slices(columns)
        return unsharded(texts.batch(self.size).prefetch(2))


def label_weights(labels: npt.NDArray[np.int64], classes: int, kind: str) -> npt.NDArray[np.float32]:
    """Returns the weight of each label, float32 `(classes,)`, so that the texts' weights are 1 on average.

    Args:
        labels: int64 `(texts,)`.
        classes: Labels that there are.
        kind: `none` for 1, `balanced` for one in inverse proportion to the label's texts, `square_root` to their root.
    """
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    power = {"none": 0.0, "square_root": 0.5, "balanced": 1.0}[kind]
    weights = (len(labels) / counts) ** power
    return (weights / weights[labels].mean()).astype(np.float32)
