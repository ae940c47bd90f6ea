"""The layers between a text's vector, with numbers beside it, and the logits of the labels."""

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

    def call(self, vectors: Any, numbers: Any, training: bool = False) -> Any:
        return self.logits(self.dropout(self.represent(vectors, numbers, training), training=training))

    def represent(self, vectors: Any, numbers: Any, training: bool = False) -> Any:
        """Returns what the last layer reads: the hidden layer, or text and numbers where there is none."""
        scaled = (numbers - tf.convert_to_tensor(self.means)) / tf.convert_to_tensor(self.deviations)
        known = tf.where(tf.math.is_finite(scaled), scaled, 0.0)
        features = tf.concat([self.text_norm(vectors), known], axis=1)
        return features if self.hidden is None else self.hidden(self.dropout(features, training=training))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}
