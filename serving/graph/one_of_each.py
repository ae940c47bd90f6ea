"""Answers that list each thing once, made of rankings of products; plain TensorFlow ops."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.filters import not_listed

# Ranks the products: so many as an int32 scalar asks for, as scores and indices `(batch, columns)`, best first and at
# the end -inf and -1 where a row has no more.
Find: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

# So many products for each thing are looked at first, and so many times more each time they do not suffice.
_LOOKED_AT, _GROWTH = 4, 8
# Where so many do not hold enough things, the answer has fewer: what a request costs does not grow with the catalogue.
_MOST_LOOKED_AT = 4_096


class OneOfEach(tf.Module):
    """Keeps of the products that are one thing, such as the milk of one title, the best of each ranking.

    Args:
        thing_of_product: int `(products,)`: the thing of each, from 0 on.

    Attributes:
        size: How many things there are.
    """

    def __init__(self, thing_of_product: ArrayLike) -> None:
        super().__init__(name="one_of_each")
        things = np.asarray(thing_of_product, np.int32)
        self.size = int(things.max()) + 1
        self._products = len(things)
        self._thing_of_product = tf.Variable(things, trainable=False, name="thing_of_product")

    def things_of(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the thing of each of int32 `products` of any shape; any for one under 0."""
        return tf.gather(self._thing_of_product, tf.maximum(products, 0))

    def best(self, find: Find, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the best product of each of the `k` best things.

        Products are ranked until each row has `k` things, or no more products, or 4,096 products were looked at.

        Args:
            find: Ranks the products.
            k: int32 scalar; under 0 counts as 0, over the number of things as that.

        Returns:
            As `find` returns them; no more columns than there are things.
        """
        if self.size == self._products:
            return find(tf.clip_by_value(k, 0, self.size))
        wanted = tf.clip_by_value(k, 0, self.size)
        width = tf.maximum(wanted, 1)

        first = tf.minimum(width * _LOOKED_AT, self._products)
        most = tf.maximum(first, min(_MOST_LOOKED_AT, self._products))

        def rank(looked_at: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
            scores, products = find(looked_at)
            # A row whose ranking has ended has no more things.
            ended = products[:, -1] < 0
            columns = self.firsts(products, width)
            scores, products = values_at(scores, columns, -np.inf), values_at(products, columns, -1)
            missing = tf.reduce_any((products[:, -1] < 0) & ~ended) & (looked_at < most)
            return tf.minimum(looked_at * _GROWTH, most), missing, scores, products

        state = (first, tf.constant(True), tf.zeros([0, 0]), tf.zeros([0, 0], tf.int32))
        _, _, scores, products = tf.while_loop(
            lambda _looked_at, missing, _scores, _products: missing,
            rank,
            state,
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([]), *[tf.TensorShape([None, None])] * 2),
            parallel_iterations=1,
        )
        return scores[:, :wanted], products[:, :wanted]

    def firsts(self, products: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        """Returns the columns of int32 `(batch, columns)` products that are the first of their thing.

        Args:
            products: Best first; -1 anywhere for none.
            width: int32 scalar, at most `columns`.

        Returns:
            int32 `(batch, width)`, rising; -1 where a row has fewer things.
        """
        return first_of_each(self._things(products), width)

    def without(self, products: tf.Tensor) -> tf.Tensor:
        """Allows all products but those of the things of some, int32 `(batch, width)` with -1 for none.

        Returns:
            bool `(batch, products)`.
        """
        others = not_listed(self._things(products), self.size)
        return tf.gather(others, tf.convert_to_tensor(self._thing_of_product), axis=1)

    def _things(self, products: tf.Tensor) -> tf.Tensor:
        things = tf.gather(tf.convert_to_tensor(self._thing_of_product), tf.maximum(products, 0))
        return tf.where(products >= 0, things, -1)


def values_at(values: tf.Tensor, columns: tf.Tensor, missing: float | int) -> tf.Tensor:
    """Returns the `values` `(batch, n)` at int32 `columns` `(batch, width)`; `missing` where a column is under 0."""
    return tf.where(columns >= 0, tf.gather(values, tf.maximum(columns, 0), batch_dims=1), missing)


def first_of_each(values: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Returns the columns in which a value comes for the first time.

    Args:
        values: int32 `(batch, columns)`; what is under 0 is no value.
        width: int32 scalar, at most `columns`.

    Returns:
        int32 `(batch, width)`, rising; -1 where a row has fewer values.
    """
    columns = tf.shape(values)[1]
    # The first of equals comes first.
    falling, places = tf.math.top_k(values, columns)
    new = tf.concat([tf.ones_like(places[:, :1], tf.bool), falling[:, 1:] != falling[:, :-1]], axis=1)
    firsts = -tf.math.top_k(tf.where(new & (falling >= 0), -places, -columns), width).values
    return tf.where(firsts < columns, firsts, -1)
