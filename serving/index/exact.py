"""Nearest products by dot product, in plain TensorFlow ops that stock TF Serving runs."""

from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.top_k import top_allowed


class RetrievalIndex(Protocol):
    """What a signature asks of an index, exact or approximate."""

    def search(
        self, queries: tf.Tensor, k: tf.Tensor | int, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the `k` best vectors of each query; see `ExactIndex.search`."""

    def vectors_at(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns the vectors at `indices`; see `ExactIndex.vectors_at`."""


def vectors_or_zeros(index: RetrievalIndex, indices: tf.Tensor) -> tf.Tensor:
    """Returns what `vectors_at` does, with zeros where an index is under 0 and stands for no product."""
    vectors = index.vectors_at(tf.maximum(indices, 0))
    return tf.where((indices >= 0)[..., tf.newaxis], vectors, 0.0)


class ExactIndex(tf.Module):
    """Exact search: every vector is scored.

    Args:
        vectors: float32 `(size, dimensions)`, at least one row, finite.
        name: Name of the module.

    Raises:
        ValueError: `vectors` is not such a matrix.
    """

    def __init__(self, vectors: ArrayLike, name: str = "exact_index") -> None:
        super().__init__(name=name)
        matrix = np.asarray(vectors, dtype=np.float32)
        if matrix.ndim != 2 or 0 in matrix.shape:
            raise ValueError(f"`vectors` must be a matrix with at least one row and column, got shape {matrix.shape}.")
        if not np.isfinite(matrix).all():
            bad = int((~np.isfinite(matrix).all(axis=1)).sum())
            raise ValueError(f"`vectors` must be finite, but {bad} of {len(matrix)} rows hold NaN or infinity.")
        self.size, self.dimensions = matrix.shape
        # A variable, not a constant: it lands in the variables files and not in the graph, which is limited to 2 GB.
        self._vectors = tf.Variable(matrix, trainable=False, name="vectors")

    def search(
        self, queries: tf.Tensor, k: tf.Tensor | int, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the products with the largest dot products; the lower index wins a tie.

        Args:
            queries: floats `(batch, dimensions)`; computed in float32.
            k: int32 scalar; under 0 counts as 0, over the index's size as its size.
            allowed: bool `(batch, size)`, false for what must not be found; None allows everything.

        Returns:
            scores float32 and indices int32, both `(batch, min(k, size))`, best first and never an index twice.
            Where a row has fewer allowed products than columns, the rest is -inf with index -1.
        """
        width = tf.clip_by_value(tf.convert_to_tensor(k, tf.int32), 0, self.size)
        return top_allowed(self.scores(queries), width, allowed)

    def scores(self, queries: tf.Tensor) -> tf.Tensor:
        """Returns the dot products of floats `(batch, dimensions)` with all vectors, float32 `(batch, size)`."""
        # The other way round, oneDNN would rearrange all vectors for a batch, which takes longer than the product.
        return tf.transpose(tf.matmul(self._vectors, tf.cast(queries, tf.float32), transpose_b=True))

    def all_vectors(self) -> tf.Tensor:
        """Returns float32 `(size, dimensions)`."""
        return tf.convert_to_tensor(self._vectors)

    def vectors_at(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns the vectors at `indices`.

        Args:
            indices: int32 or int64 of any shape, from 0 to under `size`.

        Returns:
            float32 `indices.shape + (dimensions,)`.
        """
        # Gathered from what is read, not from the variable: that would make TensorFlow copy the variable at each read.
        return tf.gather(tf.convert_to_tensor(self._vectors), indices)
