"""Numbers of any size as a network wants them."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

_MOST_DEVIATIONS = 12.0
_LEAST_VARIANCE = 1e-6
# Beyond the deviations at which numbers are cut.
_NOWHERE = 100.0


@keras.saving.register_keras_serializable(package="shelfwise")
class ScaledNumbers(keras.layers.Layer):
    """The logarithm of each number, standardised, with a flag where it is unknown, and maybe cut into pieces.

    What is counted or paid is spread over orders of magnitude, so `sign(x) log(1 + |x|)` is taken of every number. An
    unknown one becomes the mean, 0. A piece is how far a number has come from one quantile to the next, from 0 to 1, so
    that what is linear in the pieces bends at each quantile (Gorishniy et al., "On embeddings for numerical features in
    tabular deep learning", NeurIPS 2022).

    Call arguments:
        numbers: float32 `(batch, numbers)`, NaN where unknown.

    Returns:
        float32 `(batch, (2 + pieces) * numbers)`: the standardised numbers, cut at twelve deviations, then the flags,
        then the pieces of each number.

    Args:
        numbers: How many there are.
        pieces: Pieces that each is cut into; 0 for none.
    """

    def __init__(self, numbers: int, pieces: int = 0, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.numbers, self.pieces = numbers, pieces
        self.width = (2 + pieces) * numbers
        self._mean = self.add_weight(shape=(numbers,), initializer="zeros", trainable=False, name="mean")
        self._variance = self.add_weight(shape=(numbers,), initializer="ones", trainable=False, name="variance")
        if pieces:
            edges = (1, numbers, pieces)
            self._lows = self.add_weight(shape=edges, initializer="zeros", trainable=False, name="lows")
            self._widths = self.add_weight(shape=edges, initializer="ones", trainable=False, name="widths")

    def adapt(self, numbers: npt.NDArray[np.float32]) -> None:
        """Learns the scale from float32 `(rows, numbers)`; a number that never varies keeps a variance of 1."""
        logarithms = np.sign(numbers) * np.log1p(np.abs(numbers.astype(np.float64)))
        known = ~np.isnan(logarithms)
        counts = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, logarithms, 0.0).sum(axis=0) / counts
        variance = np.where(known, (logarithms - mean) ** 2, 0.0).sum(axis=0) / counts
        variance = np.where(variance > _LEAST_VARIANCE, variance, 1.0)
        self._mean.assign(mean)
        self._variance.assign(variance)
        if self.pieces:
            scaled = (logarithms - mean) / np.sqrt(variance)
            edges = [quantile_edges(column[~np.isnan(column)], self.pieces) for column in scaled.T]
            self._lows.assign([[lows for lows, _ in edges]])
            self._widths.assign([[widths for _, widths in edges]])

    def call(self, numbers: Any) -> Any:
        unknown = keras.ops.isnan(numbers)
        known = keras.ops.where(unknown, keras.ops.zeros_like(numbers), numbers)
        logarithms = keras.ops.sign(known) * keras.ops.log1p(keras.ops.abs(known))
        scaled = (logarithms - self._mean) * keras.ops.rsqrt(self._variance)
        scaled = keras.ops.clip(scaled, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        scaled = keras.ops.where(unknown, keras.ops.zeros_like(scaled), scaled)
        found = [scaled, keras.ops.cast(unknown, "float32")]
        if self.pieces:
            pieces = keras.ops.clip((scaled[:, :, None] - self._lows) / self._widths, 0.0, 1.0)
            found.append(keras.ops.reshape(pieces, (-1, self.pieces * self.numbers)))
        return keras.ops.concatenate(found, axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        return (input_shape[0], self.width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "numbers": self.numbers, "pieces": self.pieces}


def quantile_edges(values: npt.NDArray[np.floating], pieces: int) -> tuple[list[float], list[float]]:
    """Returns where each piece begins, and how wide it is; pieces that are left over begin where no value is.

    Args:
        values: `(values,)`; there may be none.
        pieces: How many.
    """
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, pieces + 1))) if len(values) else np.zeros(0)
    over = pieces - max(len(edges) - 1, 0)
    lows, widths = edges[:-1].tolist(), np.diff(edges).tolist()
    return [*lows, *[_NOWHERE] * over], [*widths, *[1.0] * over]
