"""Item vectors of two parts: searched whole, and read in parts."""

import numpy as np
import pytest
import tensorflow as tf

from serving.recommendation.item_index import ItemIndex

RANDOM = np.random.default_rng(0)
TOWER = RANDOM.normal(size=(9, 4)).astype(np.float32)


@pytest.mark.parametrize("linear_dimensions", [0, 3])
def test_the_score_is_the_sum_of_both_parts(linear_dimensions: int) -> None:
    linear = RANDOM.normal(size=(9, linear_dimensions)).astype(np.float32)
    index = ItemIndex(TOWER, linear)
    user = tf.constant(RANDOM.normal(size=(1, 4 + linear_dimensions)), tf.float32)
    scores, products = index.search(user, 9)
    expected = TOWER @ index.tower_part(user)[0].numpy() + linear @ index.linear_part(user)[0].numpy()
    assert products[0].numpy().tolist() == np.argsort(-expected, kind="stable").tolist()
    np.testing.assert_allclose(scores[0], np.sort(expected)[::-1], rtol=1e-4, atol=1e-5)


def test_no_product_is_zero_in_both_parts() -> None:
    linear = RANDOM.normal(size=(9, 2)).astype(np.float32)
    index = ItemIndex(TOWER, linear)
    vectors = index.items(tf.constant([[5, -1]]))
    np.testing.assert_array_equal(index.tower_part(vectors)[0], [TOWER[5], np.zeros(4)])
    np.testing.assert_array_equal(index.linear_part(vectors)[0], [linear[5], np.zeros(2)])


def test_parts_of_different_catalogues_are_refused() -> None:
    with pytest.raises(ValueError, match="array dimensions"):
        ItemIndex(TOWER, np.zeros((8, 2)))
