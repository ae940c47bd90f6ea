"""What the same users had, as neighbours of each product: a candidate source and a score; plain TensorFlow ops."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class NeighbourTable:
    """The nearest neighbours of each product; row i of every field is product i.

    Attributes:
        products: int `(products, neighbours)`; rows of the catalogue, -1 for none.
        weights: float `(products, neighbours)`, at least 0; how near, 0 for none.
    """

    products: ArrayLike
    weights: ArrayLike


class Neighbours(tf.Module):
    """Adds up, for every product, how near it is to the distinct products of a history.

    A request costs time in proportion to its events times the neighbours of a product.

    Args:
        table: The neighbours.
    """

    def __init__(self, table: NeighbourTable) -> None:
        super().__init__(name="neighbours")
        self.products = tf.Variable(np.asarray(table.products, np.int32), trainable=False, name="neighbours")
        self.weights = tf.Variable(np.asarray(table.weights, np.float32), trainable=False, name="weights")

    def assign(self, table: NeighbourTable) -> None:
        """Puts another table of the same size in place: training asks what others would have known."""
        self.products.assign(np.asarray(table.products, np.int32))
        self.weights.assign(np.asarray(table.weights, np.float32))

    def scores(self, products: tf.Tensor) -> tf.Tensor:
        """Scores every product by the distinct products of each row, which counts how near the mean of them is.

        Args:
            products: int32 `(batch, n)`, each product at most once in a row; -1 for none.

        Returns:
            float32 `(batch, products)`, at least 0.
        """
        asked = tf.where(products >= 0)
        product = tf.gather_nd(products, asked)
        neighbour = tf.gather(tf.convert_to_tensor(self.products), product)
        weight = tf.gather(tf.convert_to_tensor(self.weights), product)
        # Row and product in one number, which is half the work of scattering by two; what is none has no place.
        size = int(self.products.shape[0])
        place = tf.where(neighbour >= 0, asked[:, :1] * size + tf.cast(neighbour, tf.int64), -1)
        rows = tf.shape(products, tf.int64)[0]
        total = tf.math.unsorted_segment_sum(tf.reshape(weight, [-1]), tf.reshape(place, [-1]), rows * size)
        total = tf.reshape(total, [-1, size])
        count = tf.reduce_sum(tf.cast(products >= 0, tf.float32), axis=1, keepdims=True)
        return total / tf.maximum(count, 1.0)

    def nearness(self, products: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        """Returns how near one product of the row is as a neighbour of each of some products.

        Args:
            products: int32 `(batch, n)`; -1 for none.
            others: int32 `(batch,)`, the neighbours that are asked for.

        Returns:
            float32 `(batch, n)`; 0 where it is no neighbour.
        """
        wanted = tf.maximum(products, 0)
        same = tf.gather(tf.convert_to_tensor(self.products), wanted) == others[:, tf.newaxis, tf.newaxis]
        weights = tf.where(same, tf.gather(tf.convert_to_tensor(self.weights), wanted), 0.0)
        return tf.where(products >= 0, tf.reduce_sum(weights, axis=-1), 0.0)
