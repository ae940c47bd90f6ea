"""Which products may be in an answer at all, inside the graph."""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike


class Recommendable(tf.Module):
    """Knows what a shop never recommends, such as fuel or deposits.

    Args:
        recommendable: bool `(products,)`.
    """

    def __init__(self, recommendable: ArrayLike) -> None:
        super().__init__(name="recommendable")
        mask = np.asarray(recommendable, np.bool_)
        # Where everything is recommended, no mask costs anything.
        self._mask = None if mask.all() else tf.Variable(mask, trainable=False, name="recommendable")

    def rows(self, batch: tf.Tensor) -> tf.Tensor | None:
        """Returns what each of so many rows may be answered, bool `(batch, products)`; None for everything."""
        if self._mask is None:
            return None
        return tf.tile(tf.convert_to_tensor(self._mask)[tf.newaxis], [batch, 1])

    def among(self, allowed: tf.Tensor) -> tf.Tensor:
        """Returns those of bool `(batch, products)` that are recommendable too."""
        return allowed if self._mask is None else allowed & tf.convert_to_tensor(self._mask)
