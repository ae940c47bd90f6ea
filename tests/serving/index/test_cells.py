"""The nearest cells and their places, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from serving.index.cells import Cells

COUNT, DIMENSIONS = 5_000, 6


@pytest.fixture(scope="module")
def centroids() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(COUNT, DIMENSIONS)).astype(np.float32)


@pytest.fixture(scope="module")
def queries() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(3, DIMENSIONS)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 100, 3_000, COUNT])
def test_with_all_values_leading_cells_are_sorted_by_product(
    centroids: np.ndarray, queries: np.ndarray, count: int
) -> None:
    cells = Cells(centroids, leading=DIMENSIONS, sizes=np.ones(COUNT, int))
    found = tf.function(cells.nearest)(tf.constant(queries), tf.constant(count))
    np.testing.assert_array_equal(found, np.argsort(-(queries @ centroids.T), axis=1, kind="stable")[:, :count])


@pytest.mark.parametrize("count", [1, 100, 3_000, COUNT])
def test_the_best_by_leading_values_are_sorted_by_all(centroids: np.ndarray, queries: np.ndarray, count: int) -> None:
    cells = Cells(centroids, leading=4, sizes=np.ones(COUNT, int))
    found = cells.nearest(tf.constant(queries), tf.constant(count)).numpy()
    ranked = min(count + 256, 2_000)
    for row, query in enumerate(queries):
        by_leading = np.argsort(-(centroids[:, :4] @ query[:4]), kind="stable")
        head = by_leading[:ranked]
        head = head[np.argsort(-(centroids[head] @ query), kind="stable")]
        np.testing.assert_array_equal(found[row], np.concatenate([head, by_leading[ranked:]])[:count])


def test_places_follow_the_cells() -> None:
    cells = Cells(np.eye(4, dtype=np.float32), leading=4, sizes=np.array([2, 0, 3, 1]))
    np.testing.assert_array_equal(cells.places_in(tf.constant([3, 1, 0, 2])), [5, 0, 1, 2, 3, 4])
    assert cells.places_in(tf.constant([1])).shape == (0,)
