"""Groups of an answer's products by the shop's own categories, in plain TensorFlow ops."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

# More groups than these are no help to anybody who reads them.
MOST_GROUPS = 7
# From the third level on a further split tells less: Kids Cereal and Adult Cereal are nearer than Cereal and Soup.
DEEPER_WORTH = 0.1
# What a group has to be worth at least, and more where there are too many.
PRICES = 0.02 * 1.2 ** np.arange(18)
# Of two splits worth the same the wider one is taken: Soup, where all of it is Canned.
ROUNDING = 1e-5
# One kind of products, where so large a share is of one category.
ONE_KIND = 0.9


class CategoryGroups(tf.Module):
    """Chooses the categories that split some products best, of any levels, none of them below another.

    A category with the share p of the products is worth p times its surprise: the sum over its levels of
    log(share of the level above / share of the level), of which the third level and deeper ones count `DEEPER_WORTH`.
    Were all levels to count alike, the worth of all chosen categories would be the entropy of the split. Each group
    has a price, and the categories with the largest worth less price are chosen, which is exact from the deepest level
    up: a category either is a group or leaves its products to its own categories, and to no group where neither is
    worth the price. Of the prices `PRICES` the lowest is taken that leaves `MOST_GROUPS`, those without one included.

    Args:
        categories: int32 `(paths, levels)`: the category at each level, the widest first; -1 at all levels for a
            product without one. A path that ends early repeats its last category.
    """

    def __init__(self, categories: npt.NDArray[np.int32]) -> None:
        super().__init__(name="category_groups")
        self._levels = categories.shape[1]
        self._categories = tf.Variable(categories, trainable=False, name="categories")

    def choose(self, paths: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        """Returns the category by which each product is grouped, int32 `(batch, n)`; -1 for none.

        Args:
            paths: int32 `(batch, n)`: rows of the categories.
            found: bool `(batch, n)`: False for an empty column.
        """
        categories = tf.gather(self._categories, paths)
        known = found & (categories[:, :, 0] >= 0)
        total = tf.reduce_sum(tf.cast(found, tf.float32), axis=1, keepdims=True)
        levels = [categories[:, :, level] for level in range(self._levels)]
        both = known[:, :, tf.newaxis] & known[:, tf.newaxis, :]
        # Whether two products are of the same category; a category has the first level of those above it too.
        same, counts = [], []
        for category in levels:
            both &= category[:, :, tf.newaxis] == category[:, tf.newaxis, :]
            same.append(tf.cast(both, tf.float32))
            counts.append(tf.maximum(tf.reduce_sum(same[-1], axis=2), 1.0))
        worths = self._worths(counts, total)
        prices = tf.constant(PRICES, tf.float32)
        shown = tf.cast(known, tf.float32)[:, :, tf.newaxis]
        # What the products of a category are worth at each price, float32 (batch, n, prices): equal for its products.
        best = tf.zeros([1, 1, 1])
        chosen, weight = tf.constant(-1), tf.zeros([1, 1, 1])
        for level in reversed(range(self._levels)):
            count = counts[level][:, :, tf.newaxis]
            if level + 1 < self._levels:
                below = tf.matmul(same[level], best / counts[level + 1][:, :, tf.newaxis] * shown)
            else:
                below = tf.zeros([1, 1, 1])
            alone = worths[level][:, :, tf.newaxis] - prices
            taken = (alone > 0.0) & (alone >= below - ROUNDING) & known[:, :, tf.newaxis]
            best = tf.maximum(tf.maximum(alone, below), 0.0)
            chosen = tf.where(taken, levels[level][:, :, tf.newaxis], chosen)
            weight = tf.where(taken, 1.0 / count, weight)
        # Each group's products have 1 / size, which sums to 1.
        groups = tf.round(tf.reduce_sum(weight, axis=1))
        left = tf.reduce_any((chosen < 0) & found[:, :, tf.newaxis], axis=1)
        few = groups + tf.cast(left, tf.float32) <= MOST_GROUPS
        price = tf.argmax(tf.cast(few, tf.int32), axis=1, output_type=tf.int32)
        chosen = tf.gather(tf.transpose(chosen, [0, 2, 1]), price, batch_dims=1)
        # Nothing is a surprise where all are of one kind.
        kind = tf.constant(-1)
        for category, count in zip(levels, counts, strict=True):
            kind = tf.where(known & (count >= ONE_KIND * total), category, kind)
        return tf.where(tf.reduce_any(chosen >= 0, axis=1, keepdims=True), chosen, kind)

    def _worths(self, counts: list[tf.Tensor], total: tf.Tensor) -> list[tf.Tensor]:
        """Returns what the category of each product is worth at each level, float32 `(batch, n)`."""
        worths, surprise, above = [], tf.constant(0.0), total
        for level, count in enumerate(counts):
            surprise += (1.0 if level < 2 else DEEPER_WORTH) * tf.math.log(tf.maximum(above, 1.0) / count)
            worths.append(surprise * tf.math.divide_no_nan(count, total))
            above = count
        return worths
