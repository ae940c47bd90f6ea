"""The layers between a text's vector, with numbers beside it, and the logits of the labels."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf


@keras.saving.register_keras_serializable(package="shelfwise")
class ClassificationHead(keras.Model):
    """Joins a text vector with standardised numbers and classifies both.

    Call arguments:
        vectors: float32 `(batch, dimensions)`.
        numbers: float32 `(batch, numbers)`; NaN where a number is not known, which then counts as the mean.

    Returns:
        Logits, float32 `(batch, classes)`.

    Args:
        dimensions: Of the text vectors.
        numbers: Numbers beside each text; 0 for none.
        classes: Labels to choose from.
        units: Width of a hidden layer; 0 for none.
        dropout: Dropout rate before each layer.
        dtype: What it is computed in: by default never in half precision, in which sums of money would be infinite.
    """

    def __init__(
        self,
        *,
        dimensions: int,
        numbers: int,
        classes: int,
        units: int = 0,
        dropout: float = 0.1,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self._config = {
            "dimensions": dimensions,
            "numbers": numbers,
            "classes": classes,
            "units": units,
            "dropout": dropout,
        }
        # Text vectors have length 1, so their parts are small; the head learns faster from parts of size 1.
        self.text_norm = keras.layers.LayerNormalization(dtype=dtype)
        self.text_norm.build((None, dimensions))
        self.means = self.add_weight(shape=(numbers,), initializer="zeros", trainable=False, name="means")
        self.deviations = self.add_weight(shape=(numbers,), initializer="ones", trainable=False, name="deviations")
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype)
        width = dimensions + numbers
        self.hidden = keras.layers.Dense(units, activation="gelu", dtype=dtype) if units else None
        if self.hidden is not None:
            self.hidden.build((None, width))
            width = units
        self.logits = keras.layers.Dense(classes, dtype=dtype)
        self.logits.build((None, width))
        self.built = True

    def start(self, numbers: npt.NDArray[np.float32]) -> None:
        """Learns the mean and the deviation of each number from float32 `(rows, numbers)`, NaN left out."""
        known = np.ma.masked_invalid(numbers.astype(np.float64))
        deviations = known.std(axis=0).filled(1.0)
        self.means.assign(known.mean(axis=0).filled(0.0))
        self.deviations.assign(np.where(deviations > 0.0, deviations, 1.0))

    def standardise(self, vectors: Any) -> None:
        """Gives each part of float32 `(texts, dimensions)` vectors that stay as they are mean 0 and deviation 1.

        BERT has a few parts that are far larger than the others in every text; without this the head would learn from
        those first.
        """
        self.text_norm.gamma.assign(np.ones(self.text_norm.gamma.shape))
        self.text_norm.beta.assign(np.zeros(self.text_norm.beta.shape))
        parts = np.asarray(self.text_norm(vectors))
        deviations = parts.std(axis=0)
        scale = 1.0 / np.where(deviations > 0.0, deviations, 1.0)
        self.text_norm.gamma.assign(scale)
        self.text_norm.beta.assign(-parts.mean(axis=0) * scale)

    def call(self, vectors: Any, numbers: Any, training: bool = False) -> Any:
        return self.logits(self.dropout(self.represent(vectors, numbers, training), training=training))

    def classify_by(self, apply: Callable[[Any, Any], Any], vectors: Any, numbers: Any) -> Any:
        """Returns what `call` does without dropout, with each layer called by `apply(layer, inputs)`."""
        features = self._features(apply(self.text_norm, vectors), numbers)
        return apply(self.logits, features if self.hidden is None else apply(self.hidden, features))

    def represent(self, vectors: Any, numbers: Any, training: bool = False) -> Any:
        """Returns what the last layer reads: the hidden layer, or text and numbers where there is none."""
        features = self._features(self.text_norm(vectors), numbers)
        return features if self.hidden is None else self.hidden(self.dropout(features, training=training))

    def _features(self, normalised: Any, numbers: Any) -> Any:
        scaled = (numbers - tf.convert_to_tensor(self.means)) / tf.convert_to_tensor(self.deviations)
        known = tf.where(tf.math.is_finite(scaled), scaled, 0.0)
        return tf.concat([normalised, known], axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}
