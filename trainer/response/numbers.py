"""Numbers of any size as a network wants them."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

_MOST_DEVIATIONS = 12.0
_LEAST_VARIANCE = 1e-6


@keras.saving.register_keras_serializable(package="shelfwise")
class ScaledNumbers(keras.layers.Layer):
    """The logarithm of each number, standardised, with a flag where it is unknown.

    What is counted or paid is spread over orders of magnitude, so `sign(x) log(1 + |x|)` is taken of every number. An
    unknown one becomes the mean, 0.

    Call arguments:
        numbers: float32 `(batch, numbers)`, NaN where unknown.

    Returns:
        float32 `(batch, 2 * numbers)`: the standardised numbers, cut at twelve deviations, and then the flags.

    Args:
        numbers: How many there are.
    """

    def __init__(self, numbers: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.numbers = numbers
        self._mean = self.add_weight(shape=(numbers,), initializer="zeros", trainable=False, name="mean")
        self._variance = self.add_weight(shape=(numbers,), initializer="ones", trainable=False, name="variance")

    def adapt(self, numbers: npt.NDArray[np.float32]) -> None:
        """Learns mean and variance from float32 `(rows, numbers)`; a number that never varies keeps a variance of 1."""
        logarithms = np.sign(numbers) * np.log1p(np.abs(numbers.astype(np.float64)))
        known = ~np.isnan(logarithms)
        counts = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, logarithms, 0.0).sum(axis=0) / counts
        variance = np.where(known, (logarithms - mean) ** 2, 0.0).sum(axis=0) / counts
        self._mean.assign(mean)
        self._variance.assign(np.where(variance > _LEAST_VARIANCE, variance, 1.0))

    def call(self, numbers: Any) -> Any:
        unknown = keras.ops.isnan(numbers)
        known = keras.ops.where(unknown, keras.ops.zeros_like(numbers), numbers)
        logarithms = keras.ops.sign(known) * keras.ops.log1p(keras.ops.abs(known))
        scaled = (logarithms - self._mean) * keras.ops.rsqrt(self._variance)
        scaled = keras.ops.clip(scaled, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        scaled = keras.ops.where(unknown, keras.ops.zeros_like(scaled), scaled)
        return keras.ops.concatenate([scaled, keras.ops.cast(unknown, "float32")], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        return (input_shape[0], 2 * self.numbers)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "numbers": self.numbers}
