"""Batches of DP-SGD: each text is in each of them with the same chance."""

import secrets

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.fitting.batches import unsharded


class PoissonBatches:
    """Steps that each hold every text with the chance of `batch_size` in all texts, whatever was drawn before.

    That is what the accounting counts on; batches of a shuffled pass would cost more than it says. A batch is a dict of
    `row` int32, `label` int32 and `weight` float32, that of the label, all `(batch,)`, of a size that varies. A draw of
    nothing is one text of weight 0.

    Attributes:
        steps: Batches of an epoch.
        size: Texts of a batch on average.

    Args:
        labels: int64 `(texts,)`.
        weights: float32 `(classes,)`, over 0, the weight of each label.
        batch_size: Texts of a batch on average; not more than there are.
        seed: Of the draws. Who knows it knows which texts were drawn when, so it is a secret unless one is given.
    """

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float32],
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        self._labels, self._weights = labels.astype(np.int32), weights[labels]
        self.size = min(batch_size, len(labels))
        self._seed = secrets.randbits(63) if seed is None else seed
        self.steps = len(labels) // self.size

    def epoch(self, number: int, first: int = 0) -> tf.data.Dataset:
        """Returns the batches of an epoch, from its batch `first` on."""
        random = np.random.default_rng([self._seed, number])
        texts = len(self._labels)
        drawn = [np.flatnonzero(random.random(texts) < self.size / texts) for _ in range(self.steps)][first:]
        drew = [float(len(each) > 0) for each in drawn]
        rows = [each if len(each) else np.zeros(1, np.int64) for each in drawn]
        ragged = tf.RaggedTensor.from_row_lengths(np.concatenate(rows).astype(np.int32), [len(each) for each in rows])
        batches = tf.data.Dataset.from_tensor_slices((ragged, tf.constant(drew, tf.float32)))
        return unsharded(batches.map(self._batch).prefetch(2))

    def _batch(self, rows: tf.Tensor, drew: tf.Tensor) -> dict[str, tf.Tensor]:
        weight = drew * tf.gather(self._weights, rows)
        return {"row": rows, "label": tf.gather(self._labels, rows), "weight": weight}
