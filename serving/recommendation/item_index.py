"""The item vectors of a recommender, which have two parts."""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.index.exact import ExactIndex, vectors_or_zeros


class ItemIndex(ExactIndex):
    """Searches whole vectors, and knows which of their values are the tower's and which the linear model's.

    A user's vector has the same two parts, so that its product with an item's is the sum of both models' scores.

    Args:
        tower_vectors: float32 `(products, tower dimensions)`, of the item tower.
        linear_vectors: float32 `(products, linear dimensions)`, of the linear model; there may be no dimensions.

    Raises:
        ValueError: They have different rows, or are not finite.
    """

    def __init__(self, tower_vectors: ArrayLike, linear_vectors: ArrayLike) -> None:
        tower, linear = np.asarray(tower_vectors, np.float32), np.asarray(linear_vectors, np.float32)
        super().__init__(np.concatenate([tower, linear], axis=1))
        self._tower_dimensions: int = tower.shape[1]

    def tower_part(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns the tower's values of float32 `(..., dimensions)` vectors of products or users."""
        return vectors[..., : self._tower_dimensions]

    def linear_part(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns the linear model's values of float32 `(..., dimensions)` vectors of products or users."""
        return vectors[..., self._tower_dimensions :]

    def only_tower(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(..., dimensions)` vectors with 0 in place of the linear model's values."""
        return tf.concat([self.tower_part(vectors), tf.zeros_like(self.linear_part(vectors))], axis=-1)

    def items(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns float32 `indices.shape + (dimensions,)` vectors of products, zeros where an index is -1."""
        return vectors_or_zeros(self, indices)
