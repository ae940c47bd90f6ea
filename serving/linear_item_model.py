"""A linear model of whole histories, in plain TensorFlow ops: who had these products also had those."""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.history import History
from serving.retrieval_index import ExactIndex

# A product counts log1p of its events, each of which weighs exp(-age / weeks).
DECAY_WEEKS = 20.0
_WEEK_SECONDS = 7.0 * 86_400.0


class LinearItemModel(tf.Module):
    """Scores products by x B: a history x, and the learned weights B = E E' from product to product.

    Args:
        vectors: float32 `(products, dimensions)`, E, as `trainer.linear_item_vectors` learns them.
    """

    def __init__(self, vectors: ArrayLike) -> None:
        super().__init__(name="linear_item_model")
        self.index = ExactIndex(np.asarray(vectors, np.float32), name="linear")

    def user_vectors(self, history: History) -> tf.Tensor:
        """Returns x E, float32 `(batch, dimensions)`; zeros without a known product."""
        shape = tf.shape(history.products, out_type=tf.int64)
        keys = tf.cast(history.products, tf.int64) + 1
        stride = tf.reduce_max(keys) + 1
        rows = tf.range(shape[0])[:, tf.newaxis]
        # Row and product in one number: a product counts once, by all its events.
        unique, group = tf.unique(tf.reshape(rows * stride + keys, [-1]))
        weights = tf.exp(-history.age_seconds / (DECAY_WEEKS * _WEEK_SECONDS))
        weights = tf.math.unsorted_segment_sum(tf.reshape(weights, [-1]), group, tf.size(unique))
        product = tf.math.floormod(unique, stride) - 1
        weights = tf.where(product >= 0, tf.math.log1p(weights), 0.0)
        vectors = self.index.vectors_at(tf.cast(tf.maximum(product, 0), tf.int32))
        return tf.math.unsorted_segment_sum(vectors * weights[:, tf.newaxis], unique // stride, shape[0])

    def scores(self, user_vectors: tf.Tensor, candidates: tf.Tensor) -> tf.Tensor:
        """Returns float32 `(batch, candidates)` for product indices; any value at -1."""
        return tf.linalg.matvec(self.index.vectors_at(candidates), user_vectors)
