"""Labels of texts with pictures inside a served graph: what both sides say, as one."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Matrix = npt.NDArray[np.float32]

_LEAST_PROBABILITY = 1e-6


class LabelPictureFacts(NamedTuple):
    """What a classifier knows of pictures.

    Attributes:
        mean: float32 `(dimensions,)`: what is taken from a picture's vector before `axes`.
        axes: float32 `(dimensions, looks)`.
        kernel: float32 `(looks, classes)`.
        bias: float32 `(classes,)`; -inf for a label that no picture had.
        text_power: Power of the text's probabilities.
        picture_power: Power of the picture's.
    """

    mean: Matrix
    axes: Matrix
    kernel: Matrix
    bias: Matrix
    text_power: float
    picture_power: float


class PictureLabels(tf.Module):
    """Fuses the probabilities of labels by a text with those by a picture.

    The same in NumPy: `trainer.pictures.label_fusion.LabelFusion`.

    Args:
        facts: What is known of pictures.
        embedder: `serving.pictures.embedder.PictureEmbedder`, or that of a loaded model.
    """

    def __init__(self, facts: LabelPictureFacts, embedder: Any) -> None:
        super().__init__(name="picture_labels")
        self.picture_embedder = embedder
        self.dimensions = facts.axes.shape[1]
        self._text_power, self._picture_power = facts.text_power, facts.picture_power
        self._mean, self._axes, self._kernel, self._bias = (
            tf.Variable(getattr(facts, name), trainable=False, name=name) for name in ("mean", "axes", "kernel", "bias")
        )

    def looks(self, images: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(batch, looks)` of length 1 of string `(batch,)`; 0 for an empty one."""
        vectors = self.picture_embedder.embed(images)
        looks = tf.math.l2_normalize((vectors - self._mean) @ self._axes, axis=1)
        return tf.where(tf.strings.length(images)[:, tf.newaxis] > 0, looks, 0.0)

    def fuse(self, text: tf.Tensor, looks: tf.Tensor) -> tf.Tensor:
        """Returns probabilities float32 `(batch, classes)`.

        Args:
            text: By the text, float32 `(batch, classes)`.
            looks: float32 `(batch, looks)`; 0 where there is no picture, so that the text decides alone.
        """
        known = tf.reduce_any(looks != 0.0, axis=1, keepdims=True)
        picture = tf.nn.softmax(looks @ self._kernel + self._bias)
        power = tf.where(known, self._text_power, self._text_power or 1.0)
        logits = power * _logarithms(text) + tf.where(known, self._picture_power * _logarithms(picture), 0.0)
        return tf.nn.softmax(logits)


def _logarithms(probabilities: tf.Tensor) -> tf.Tensor:
    return tf.math.log(tf.maximum(probabilities, _LEAST_PROBABILITY))
