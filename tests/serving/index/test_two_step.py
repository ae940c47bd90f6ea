"""Search in two steps against a full sort in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.index.two_step import TwoStepIndex

SIZE, DIMENSIONS, LEADING = 1_000, 12, 4
RANDOM = np.random.default_rng(0)
# Most of what a vector says stands on a few axes, which are none of the coordinates.
AXES = np.linalg.qr(RANDOM.normal(size=(DIMENSIONS, DIMENSIONS)))[0].astype(np.float32)
WEIGHTS = np.where(np.arange(DIMENSIONS) < LEADING, 1.0, 0.1)
VECTORS = ((RANDOM.normal(size=(SIZE, DIMENSIONS)) * WEIGHTS) @ AXES.T).astype(np.float32)
VECTORS[500] = VECTORS[3]
QUERIES = ((RANDOM.normal(size=(30, DIMENSIONS)) * WEIGHTS) @ AXES.T).astype(np.float32)
INDEX = TwoStepIndex(VECTORS, axes=AXES, leading=LEADING)


@settings(max_examples=25, deadline=None)
@given(k=st.integers(-1, SIZE + 5), share=st.floats(0.0, 1.0), seed=st.integers(0, 100))
def test_what_is_compared_whole_comes_in_the_order_of_a_full_sort(k: int, share: float, seed: int) -> None:
    allowed = np.random.default_rng(seed).random((2, SIZE)) < share
    found, indices = (values.numpy() for values in INDEX.search(QUERIES[:2], k, tf.constant(allowed)))
    width = min(max(k, 0), SIZE)
    assert found.shape == indices.shape == (2, width)
    for row in range(2):
        scores = VECTORS @ QUERIES[row]
        by_leading = np.argsort(-(VECTORS @ AXES[:, :LEADING]) @ (AXES[:, :LEADING].T @ QUERIES[row]), kind="stable")
        compared = by_leading[allowed[row, by_leading]][: max(4 * width, 400)]
        # Equal vectors keep the order of their indices.
        order = sorted(compared, key=lambda place: (-scores[place], place))[:width]
        np.testing.assert_allclose(found[row, : len(order)], scores[order], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(scores[indices[row, : len(order)]], scores[order], rtol=1e-4, atol=1e-5)
        assert len(set(indices[row, : len(order)])) == len(order)
        assert (indices[row, len(order) :] == -1).all()
        assert np.isneginf(found[row, len(order) :]).all()


def test_nearly_all_of_the_nearest_are_found() -> None:
    _, indices = INDEX.search(QUERIES, 10)
    exact = np.argsort(-(QUERIES @ VECTORS.T), axis=1)[:, :10]
    found = [len({*row} & {*wanted}) / 10 for row, wanted in zip(indices.numpy().tolist(), exact.tolist(), strict=True)]
    assert np.mean(found) > 0.99


def test_equal_vectors_come_in_order_of_their_indices() -> None:
    found = INDEX.search(VECTORS[3:4], SIZE)[1].numpy()[0].tolist()
    assert found.index(500) == found.index(3) + 1


def test_vectors_are_kept_whole() -> None:
    np.testing.assert_array_equal(INDEX.vectors_at(tf.constant([7, 2])), VECTORS[[7, 2]])


def test_vectors_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        TwoStepIndex(np.full((3, 2), np.nan, np.float32), axes=np.eye(2, dtype=np.float32), leading=1)
