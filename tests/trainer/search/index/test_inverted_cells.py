"""Cells and probes against brute force."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.search.index.inverted_cells import (
    build_inverted_file,
    choose_probes,
    choose_rescored,
    default_cells,
    exact_neighbours,
    find_cells,
    principal_axes,
    recall_of,
)

SIZE, DIMENSIONS = 2_000, 16


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    random = np.random.default_rng(3)
    # Some axes tell far more than others, as those of text vectors do.
    values = random.normal(size=(SIZE, DIMENSIONS)) * 0.8 ** np.arange(DIMENSIONS)
    turned = values @ np.linalg.qr(random.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    return (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def queries(vectors: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(4)
    return vectors[::40] + 0.1 * random.normal(size=(SIZE // 40, DIMENSIONS)).astype(np.float32)


def brute_force(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-(queries @ vectors.T), axis=1)[:, :k]


def test_centroids_point_where_the_mean_of_their_vectors_does_and_are_as_long(vectors: np.ndarray) -> None:
    longer = vectors * np.random.default_rng(8).uniform(1.0, 3.0, (SIZE, 1)).astype(np.float32)
    centroids, cell_of = find_cells(longer, 30, np.eye(DIMENSIONS, dtype=np.float32), seed=0)
    assert cell_of.dtype == np.int32
    assert 25 <= len(centroids) <= 35
    for cell, centroid in enumerate(centroids):
        inside = longer[cell_of == cell]
        mean = inside.mean(axis=0)
        length = np.linalg.norm(inside, axis=1).mean()
        np.testing.assert_allclose(centroid, mean / np.linalg.norm(mean) * length, rtol=1e-3, atol=1e-4)


def test_cells_are_found_by_the_values_on_the_given_axes(vectors: np.ndarray) -> None:
    axes = np.eye(DIMENSIONS, dtype=np.float32)[:, :3]
    _, cell_of = find_cells(vectors, 30, axes, seed=0)
    other = vectors.copy()
    other[:, 3:] = 0.0
    np.testing.assert_array_equal(find_cells(other, 30, axes, seed=0)[1], cell_of)


def test_cells_depend_on_the_seed_alone(vectors: np.ndarray) -> None:
    axes = np.eye(DIMENSIONS, dtype=np.float32)
    first, again, other = (find_cells(vectors, 20, axes, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert len(first) != len(other) or (first != other).any()


def test_fewer_distinct_vectors_than_cells_leave_cells_empty() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    _, cell_of = find_cells(vectors, 10, np.eye(3, dtype=np.float32), seed=0)
    assert len(np.unique(cell_of)) == 3
    index = build_inverted_file(vectors, vectors[:1], cells=10)
    _, indices = index.search(tf.constant(vectors[:1]), 12)
    np.testing.assert_array_equal(np.sort(indices[0, :4]), [0, 1, 2, 3])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_tiny_catalogues(size: int) -> None:
    vectors = np.eye(3, dtype=np.float32)[:size]
    index = build_inverted_file(vectors, vectors)
    _, indices = index.search(tf.constant(vectors), 10)
    np.testing.assert_array_equal(indices[:, 0], np.arange(size))
    assert indices.shape == (size, size)


def test_default_cells_hold_eight_and_grow_with_the_root_of_the_size() -> None:
    assert [default_cells(size) for size in (1, 20, 40_000, 1_000_000, 4_000_000)] == [1, 2, 5_000, 32_000, 64_000]


def test_principal_axes_turn_without_changing_products(vectors: np.ndarray) -> None:
    axes = principal_axes(vectors, seed=0)
    np.testing.assert_allclose(axes.T @ axes, np.eye(DIMENSIONS), atol=1e-5)
    energy = np.square(vectors @ axes).mean(axis=0)
    assert (np.diff(energy) <= 1e-6).all()


@pytest.mark.parametrize("k", [1, 10, SIZE + 5])
def test_exact_neighbours_equal_a_full_sort(vectors: np.ndarray, queries: np.ndarray, k: int) -> None:
    found = exact_neighbours(vectors, queries, k)
    expected = brute_force(vectors, queries, k)
    assert found.shape == expected.shape
    assert recall_of(found, expected) == 1.0


@pytest.mark.parametrize("k", [1, 10, 50_000])
def test_exact_neighbours_in_a_large_catalogue_equal_a_full_sort(k: int) -> None:
    random = np.random.default_rng(5)
    vectors = random.normal(size=(40_000, 4)).astype(np.float32)
    queries = random.normal(size=(3, 4)).astype(np.float32)
    found = exact_neighbours(vectors, queries, k)
    assert found.shape == (3, min(k, 40_000))
    assert all(len(set(row)) == len(row) for row in found.tolist())
    scores = np.sort(queries @ vectors.T, axis=1)[:, ::-1][:, :k]
    np.testing.assert_allclose(np.take_along_axis(queries @ vectors.T, found, axis=1), scores, atol=1e-5)


def test_recall_counts_what_was_asked_for() -> None:
    assert recall_of([[1, 2, 9], [5, -1, -1]], np.array([[2, 1, 3], [4, -1, -1]])) == 0.5


def test_the_smallest_number_of_probes_is_chosen(vectors: np.ndarray, queries: np.ndarray) -> None:
    index = build_inverted_file(vectors, queries, target_recall=0.9, leading=DIMENSIONS)
    expected = brute_force(vectors, queries, 10)

    def recall(probes: int) -> float:
        index.probes.assign(probes)
        return recall_of(index.search(tf.constant(queries), 10)[1], expected)

    chosen = int(index.probes)
    assert 1 < chosen < index.cells
    assert recall(chosen) >= 0.9 > recall(chosen - 1)
    assert choose_probes(index, queries, expected, 0.9) == recall(chosen)


def test_a_recall_out_of_reach_probes_every_cell(vectors: np.ndarray, queries: np.ndarray) -> None:
    index = build_inverted_file(vectors, queries, target_recall=1.1)
    assert int(index.probes) == index.cells


def test_as_few_vectors_are_scored_by_all_values_as_find_as_much(vectors: np.ndarray, queries: np.ndarray) -> None:
    expected = brute_force(vectors, queries, 10)
    # One value in sixteen tells so little that all that is probed must be scored by all values.
    for leading, least in ((DIMENSIONS - 1, 300), (1, 1200)):
        index = build_inverted_file(vectors, queries, cells=4, leading=leading)
        index.probes.assign(4)
        choose_rescored(index, queries, expected)
        assert int(index.rescored) == least


def test_filtered_recall_with_one_product_in_a_hundred(vectors: np.ndarray, queries: np.ndarray) -> None:
    index = build_inverted_file(vectors, queries)
    allowed = np.random.default_rng(6).uniform(size=(len(queries), SIZE)) < 0.01
    _, indices = index.search(tf.constant(queries), 10, tf.constant(allowed))
    expected = np.argsort(-np.where(allowed, queries @ vectors.T, -np.inf), axis=1)[:, :10]
    expected[~np.take_along_axis(allowed, expected, axis=1)] = -1
    assert recall_of(indices, expected) >= 0.95
