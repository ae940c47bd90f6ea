"""Masks by words against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from serving.index.masks import count_true, indices_of_true


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 1001])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_count_and_indices(size: int, share: float) -> None:
    mask = np.random.default_rng(size).uniform(size=size) < share
    specification = [tf.TensorSpec([size], tf.bool)]
    assert tf.function(count_true, specification)(mask).numpy() == mask.sum()
    found = tf.function(indices_of_true, specification)(mask)
    np.testing.assert_array_equal(found, np.flatnonzero(mask))
    assert found.dtype == tf.int32
