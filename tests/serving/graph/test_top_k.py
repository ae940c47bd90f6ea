"""The largest values by blocks against a full sort."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.top_k import top_k


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    size=st.sampled_from([1, 31, 32, 33, 100, 257]),
    k=st.integers(0, 300),
    distinct=st.integers(1, 400),
    masked=st.floats(0.0, 1.0),
)
def test_it_is_a_stable_sort_cut_short(seed: int, size: int, k: int, distinct: int, masked: float) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, distinct, (3, size)).astype(np.float32) / 7.0 - 3.0
    values[random.random((3, size)) < masked] = -np.inf
    k = min(k, size)
    found, indices = top_k(tf.constant(values), tf.constant(k))
    expected = np.argsort(-values, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(found, np.take_along_axis(values, expected, axis=1))
    assert indices.dtype == tf.int32


@pytest.mark.parametrize("k", [0, 2])
def test_there_may_be_no_rows(k: int) -> None:
    found, indices = top_k(tf.zeros([0, 70]), k)
    assert found.shape == indices.shape == (0, k)
