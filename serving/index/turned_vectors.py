"""Vectors on axes of which the first tell most: the leading values in full, the trailing ones in few bytes."""

from typing import Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Storage = Literal["int8", "float16"]

# Rows turned at once while the store is built: bounds what is held beside the vectors and the store.
_ROWS_AT_ONCE = 65_536
_LARGEST_INT8 = 127.0


class TurnedVectors(tf.Module):
    """A store of vectors for ranking in two steps: many by their leading values, the best of those by all.

    The leading values are float32, because a cast to float32 takes as long as the product itself; the trailing ones
    are cast when they are read, which is seldom. An int8 is off by at most half its vector's scale, which is the
    largest of the vector's trailing values by 127; a float16 by 2^-11 of its value.

    Args:
        vectors: float32 `(size, dimensions)`, finite. Not kept.
        order: int32 `(size,)`: the row of `vectors` that each place of the store holds.
        axes: float32 `(dimensions, dimensions)` with orthonormal columns, those that tell most first.
        leading: Values kept in float32, from 1 to `dimensions`.
        storage: How the trailing values are kept: "int8" with one float32 scale a vector, or "float16".

    Raises:
        ValueError: `axes`, `leading` or `storage` is none of what is said above.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        *,
        order: NDArray[np.int32],
        axes: NDArray[np.float32],
        leading: int,
        storage: Storage,
    ) -> None:
        super().__init__(name="turned_vectors")
        size, self.dimensions = vectors.shape
        if axes.shape != (self.dimensions, self.dimensions):
            raise ValueError(f"`axes` must be of shape ({self.dimensions}, {self.dimensions}), got {axes.shape}.")
        if not np.allclose(axes.T @ axes, np.eye(self.dimensions), atol=1e-3):
            raise ValueError("`axes` must have orthonormal columns, or dot products would change.")
        if not 1 <= leading <= self.dimensions:
            raise ValueError(f"`leading` must be from 1 to {self.dimensions}, got {leading}.")
        if storage not in ("int8", "float16"):
            raise ValueError(f'`storage` must be "int8" or "float16", got {storage!r}.')
        self.leading = leading
        first = np.empty((size, leading), np.float32)
        rest = np.empty((size, self.dimensions - leading), storage)
        scales = np.ones(size, np.float32)
        for start in range(0, size, _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            turned = vectors[order[rows]] @ axes
            first[rows] = turned[:, :leading]
            if storage == "int8":
                largest = np.abs(turned[:, leading:]).max(axis=1, initial=0.0)
                scales[rows] = np.where(largest > 0.0, largest / _LARGEST_INT8, 1.0)
                rest[rows] = np.rint(turned[:, leading:] / scales[rows, np.newaxis])
            else:
                rest[rows] = turned[:, leading:]
        # Variables, not constants: they land in the variables files and not in the graph, which is limited to 2 GB.
        self._axes = tf.Variable(axes, trainable=False, name="axes")
        self._leading_values = tf.Variable(first, trainable=False, name="leading_values")
        self._trailing_values = tf.Variable(rest, trainable=False, name="trailing_values")
        self._scales = tf.Variable(scales, trainable=False, name="scales")

    def turn(self, queries: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(batch, dimensions)` queries on the store's axes."""
        return tf.matmul(queries, self._axes)

    def leading_scores(self, query: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        """Returns the leading values' part of dot products.

        Args:
            query: float32 `(dimensions,)`, turned.
            places: int32 `(candidates,)`.

        Returns:
            float32 `(candidates,)`.
        """
        return tf.linalg.matvec(tf.gather(self._leading_values, places), query[: self.leading])

    def trailing_scores(self, query: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        """Returns the part that `leading_scores` leaves out, float32 `(candidates,)`."""
        values = tf.cast(tf.gather(self._trailing_values, places), tf.float32)
        return tf.linalg.matvec(values, query[self.leading :]) * tf.gather(self._scales, places)

    def at(self, places: tf.Tensor) -> tf.Tensor:
        """Returns vectors as they came but for rounding, float32 `places.shape + (dimensions,)`."""
        rest = tf.cast(tf.gather(self._trailing_values, places), tf.float32)
        rest *= tf.gather(self._scales, places)[..., tf.newaxis]
        turned = tf.concat([tf.gather(self._leading_values, places), rest], axis=-1)
        return tf.tensordot(turned, self._axes, axes=[[-1], [1]])
