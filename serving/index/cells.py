"""Cells of a catalogue: which of them are nearest to a query, and which places of a sorted store each holds."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

# Cells ranked by all values of their centroids: so many more than are asked for, and so many at most.
_RANKED_BESIDE, _RANKED_AT_MOST = 256, 2000


class Cells(tf.Module):
    """The cells of an inverted file, ranked by the dot product of centroid and query.

    Small cells are what makes an inverted file fast, and there are so many of them that ranking them must be fast too:
    all are ranked by the leading values of their centroids, and the best of those by all values. What is approximate:
    a cell whose leading values mislead is lost.

    Args:
        centroids: float32 `(cells, dimensions)`, turned onto axes of which the leading ones tell most.
        leading: Values that all cells are ranked by, from 1 to `dimensions`.
        sizes: int `(cells,)`: the places of each cell, which follow each other in the store. A cell may be empty.

    Attributes:
        count: Cells, empty ones too.
    """

    def __init__(self, centroids: NDArray[np.float32], *, leading: int, sizes: NDArray[np.int64]) -> None:
        super().__init__(name="cells")
        self.count, dimensions = centroids.shape
        self._cut = min(leading, dimensions)
        ends = np.cumsum(sizes).astype(np.int32)
        # A centroid a column: the product with a query, or with a batch of them, reads it as it stands.
        self._leading = tf.Variable(centroids[:, : self._cut].T, trainable=False, name="leading")
        self._trailing = tf.Variable(centroids[:, self._cut :], trainable=False, name="trailing")
        self._starts = tf.Variable(ends - sizes.astype(np.int32), trainable=False, name="starts")
        self._ends = tf.Variable(ends, trainable=False, name="ends")

    def nearest(self, queries: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        """Finds the nearest cells of each query.

        Args:
            queries: float32 `(batch, dimensions)`, turned onto the centroids' axes.
            count: int32 scalar, from 1 to `self.count`.

        Returns:
            int32 `(batch, count)`, the nearest first. Of many, those behind the first 2,000 go by their leading values.
        """
        ranked = tf.minimum(count + _RANKED_BESIDE, min(_RANKED_AT_MOST, self.count))
        # One op: the largest by blocks take as long for so many, in ten.
        scores = tf.matmul(queries[:, : self._cut], self._leading)
        scores, near = tf.math.top_k(scores, tf.maximum(ranked, count))
        trailing = tf.gather(tf.convert_to_tensor(self._trailing), near[:, :ranked])
        scores = scores[:, :ranked] + tf.linalg.matvec(trailing, queries[:, self._cut :])
        best = tf.gather(near, tf.math.top_k(scores, tf.minimum(ranked, count)).indices, batch_dims=1)
        return tf.concat([best, near[:, ranked:count]], axis=1)

    def places_in(self, cells: tf.Tensor) -> tf.Tensor:
        """Returns the places int32 `(places,)` of int32 `(any,)` cells, cell by cell."""
        ranges = tf.ragged.range(
            tf.gather(self._starts, cells), tf.gather(self._ends, cells), row_splits_dtype=tf.int32
        )
        return ranges.values
