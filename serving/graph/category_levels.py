"""How much of a product's category others share, in plain TensorFlow ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from serving.graph.catalogue import category_levels


class CategoryLevels(tf.Module):
    """Compares the categories of products level by level, the widest first.

    Args:
        categories: One a product, levels joined by " > "; empty for none.
    """

    def __init__(self, categories: Sequence[bytes]) -> None:
        super().__init__(name="category_levels")
        paths = [category_levels(category) for category in categories]
        # At each level a number for all that has come so far, so that levels of one name under others are not the same.
        codes = np.full((max(map(len, paths)), len(paths)), -1, np.int32)
        for level, row in enumerate(codes):
            places: dict[tuple[bytes, ...], int] = {}
            for product, path in enumerate(paths):
                if len(path) > level:
                    row[product] = places.setdefault(path[: level + 1], len(places))
        self._codes = [tf.Variable(row, trainable=False, name=f"level_{level}") for level, row in enumerate(codes)]
        self._depths = tf.Variable(np.array([len(path) for path in paths], np.int32), trainable=False, name="depths")
        self._size = len(paths)

    def shared(self, products: tf.Tensor) -> tf.Tensor:
        """Returns the share of each product's levels that every other product has too.

        Args:
            products: int32 `(batch,)`; any answer where it is under 0.

        Returns:
            float32 `(batch, products)`, from 0 to 1; 0 for all where a product has no category.
        """
        asked = tf.maximum(products, 0)
        shared = tf.zeros([tf.shape(products)[0], self._size])
        for variable in self._codes:
            codes = tf.convert_to_tensor(variable)
            code = tf.gather(codes, asked)[:, tf.newaxis]
            shared += tf.cast((codes == code) & (code >= 0), tf.float32)
        depths = tf.gather(tf.convert_to_tensor(self._depths), asked)
        return tf.math.divide_no_nan(shared, tf.cast(depths, tf.float32)[:, tf.newaxis])
