"""How much of a category others share."""

import numpy as np
import tensorflow as tf

from serving.graph.category_levels import CategoryLevels


def test_levels_are_shared_from_the_widest_on() -> None:
    levels = CategoryLevels([b"Pets > Food > Dry", b"Pets > Food", b"Food > Dry", b"", b"Pets >  Food > Wet", b"Pets"])
    shared = levels.shared(tf.constant([0, 1, 3, 2])).numpy()
    np.testing.assert_allclose(shared[0], [1, 2 / 3, 0, 0, 2 / 3, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(shared[1], [1, 1, 0, 0, 1, 0.5])
    np.testing.assert_allclose(shared[2], np.zeros(6))
    np.testing.assert_allclose(shared[3], [0, 0, 1, 0, 0, 0])


def test_a_shop_without_categories_shares_nothing() -> None:
    np.testing.assert_array_equal(CategoryLevels([b"", b""]).shared(tf.constant([0])), [[0, 0]])
