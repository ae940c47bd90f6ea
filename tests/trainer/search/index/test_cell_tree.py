"""Cells on two levels against all distances."""

import numpy as np
import pytest

from trainer.search.index.cell_tree import CellTree, fit_cell_tree, means, sums


def clustered(rows: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centers = random.normal(size=(60, 6))
    return (centers[random.integers(60, size=rows)] + 0.2 * random.normal(size=(rows, 6))).astype(np.float32)


def nearest_of_all(vectors: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors[:, np.newaxis] - leaves, axis=2).argmin(axis=1)


def test_with_few_tops_the_nearest_of_all_leaves_is_found() -> None:
    vectors = clustered(3_000)
    tree = fit_cell_tree(vectors, 100, seed=0)
    assert len(tree.tops) <= 8
    np.testing.assert_array_equal(tree.nearest_leaves(vectors), nearest_of_all(vectors, tree.leaves))


def test_with_many_tops_nearly_always() -> None:
    vectors = clustered(9_000)
    tree = fit_cell_tree(vectors, 1_000, seed=0)
    assert len(tree.tops) > 16
    assert 900 <= len(tree.leaves) == tree.ends[-1] <= 1_100
    found = tree.nearest_leaves(vectors)
    assert found.dtype == np.int32
    assert (found == nearest_of_all(vectors, tree.leaves)).mean() > 0.98


def test_leaves_are_as_near_as_those_of_a_flat_k_means() -> None:
    from sklearn.cluster import KMeans

    vectors = clustered(4_000)
    tree = fit_cell_tree(vectors, 200, seed=0)
    squares = np.square(vectors - tree.leaves[tree.nearest_leaves(vectors)]).sum()
    assert squares < 1.1 * KMeans(200, init="random", n_init=1, max_iter=6, random_state=0).fit(vectors).inertia_


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_equal_rows_and_few_rows(rows: int) -> None:
    vectors = np.ones((rows, 3), np.float32)
    tree = fit_cell_tree(vectors, 4, seed=0)
    np.testing.assert_allclose(tree.leaves[tree.nearest_leaves(vectors)], vectors)


def test_nearest_leaves_by_hand() -> None:
    tree = CellTree(
        tops=np.array([[0.0], [10.0]], np.float32),
        leaves=np.array([[-1.0], [6.0], [9.0], [11.0]], np.float32),
        ends=np.array([2, 4], np.int32),
    )
    np.testing.assert_array_equal(
        tree.nearest_leaves(np.array([[7.0], [-5.0], [10.5], [8.0]], np.float32)), [1, 0, 3, 2]
    )


def test_sums_and_means_by_hand() -> None:
    vectors = np.array([[1.0], [2.0], [4.0]], np.float32)
    cells = np.array([2, 0, 2], np.int32)
    found, totals, counts = sums(vectors, cells)
    np.testing.assert_array_equal(found, [0, 2])
    np.testing.assert_array_equal(totals, [[2.0], [5.0]])
    np.testing.assert_array_equal(counts, [1, 2])
    np.testing.assert_array_equal(means(vectors, cells, np.full((3, 1), 9.0, np.float32)), [[2.0], [9.0], [2.5]])
