"""What was chosen of queries like one that is asked; plain TensorFlow ops."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

# Queries that are looked at, and how soon one that is less alike counts less: by exp((cosine - 1) / _SHARPNESS).
_LIKE_QUERIES = 10
_SHARPNESS = 0.1


@dataclass(frozen=True, kw_only=True)
class AskedQueries:
    """Queries that people have asked, and what they chose; row i of every field is query i.

    Attributes:
        vectors: float32 `(queries, dimensions)` of length 1; there is a row at the least.
        products: int `(queries, chosen)`: rows of the catalogue, -1 for none.
        weights: float `(queries, chosen)`: how much each was chosen, 0 for none.
    """

    vectors: ArrayLike
    products: ArrayLike
    weights: ArrayLike


class AskedBefore(tf.Module):
    """Scores products by what was chosen of the queries most like one.

    A query's products count log1p of their weights, by how alike the query is. A request costs time in proportion to
    the queries that are known.

    Args:
        asked: The queries.
    """

    def __init__(self, asked: AskedQueries) -> None:
        super().__init__(name="asked_before")
        self._vectors = tf.Variable(np.asarray(asked.vectors, np.float32), trainable=False, name="asked_vectors")
        self._products = tf.Variable(np.asarray(asked.products, np.int32), trainable=False, name="asked_products")
        weights = np.log1p(np.asarray(asked.weights, np.float32))
        self._weights = tf.Variable(weights, trainable=False, name="asked_weights")

    def scores(self, queries: tf.Tensor, products: tf.Tensor) -> tf.Tensor:
        """Returns the score of products, float32 `(batch, n)`, at least 0.

        Args:
            queries: float32 `(batch, dimensions)` of length 1.
            products: int32 `(batch, n)`; -1 for none.
        """
        cosines = tf.matmul(queries, tf.convert_to_tensor(self._vectors), transpose_b=True)
        nearest, rows = tf.math.top_k(cosines, min(_LIKE_QUERIES, self._vectors.shape[0]))
        alike = tf.exp((nearest - 1.0) / _SHARPNESS)
        chosen = tf.gather(tf.convert_to_tensor(self._products), rows)
        weights = tf.gather(tf.convert_to_tensor(self._weights), rows) * alike[..., tf.newaxis]
        width = self._products.shape[1] * rows.shape[1]
        chosen, weights = (tf.reshape(values, [-1, 1, width]) for values in (chosen, weights))
        same = (chosen == products[..., tf.newaxis]) & (chosen >= 0)
        return tf.reduce_sum(tf.where(same, weights, 0.0), axis=-1)
