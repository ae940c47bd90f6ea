"""k-means on two levels against brute force, sums worked out by hand, and catalogues that leave it little to do."""

import numpy as np
import pytest

from trainer.clusters.options import ClusterCounts, ClusterOptions
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids


def _groups(generator, centres, each, spread=0.01):
    centres = np.asarray(centres, np.float32)
    points = np.repeat(centres, each, axis=0) + generator.normal(0, spread, (len(centres) * each, centres.shape[1]))
    return points.astype(np.float32)


def test_finds_groups_inside_groups():
    far = np.array([[10, 0], [-10, 0], [0, 10]])
    near = np.array([[1, 1], [-1, 1], [0, -1]])
    centres = (far[:, np.newaxis] + near).reshape(-1, 2)
    vectors = _groups(np.random.default_rng(0), centres, 20)
    centroids, parents = fit_two_levels(vectors, np.ones(len(vectors)), ClusterCounts(3, 9), seed=1)
    leaves = nearest_centroids(vectors, centroids)
    assert [len(set(group)) for group in leaves.reshape(9, 20).tolist()] == [1] * 9
    assert [len(set(group)) for group in parents[leaves].reshape(3, 60).tolist()] == [1] * 3
    assert sorted(np.bincount(parents).tolist()) == [3, 3, 3]
    means = vectors.reshape(9, 20, 2).mean(axis=1)
    np.testing.assert_allclose(centroids[leaves[::20]], means, atol=1e-5)


def test_varied_groups_get_more_leaves():
    generator = np.random.default_rng(2)
    narrow, wide = _groups(generator, [[0, 0]], 50, 0.01), _groups(generator, [[100, 0]], 50, 3.0)
    vectors = np.concatenate([narrow, wide])
    _, parents = fit_two_levels(vectors, np.ones(100), ClusterCounts(2, 8), seed=0)
    assert sorted(np.bincount(parents).tolist()) == [1, 7]


@pytest.mark.parametrize("rows", [50, 20_000])
def test_nearest_centroids_equal_brute_force(rows):
    generator = np.random.default_rng(3)
    vectors, centroids = generator.normal(size=(rows, 5)).astype("f4"), generator.normal(size=(9, 5)).astype("f4")
    distances = np.linalg.norm(vectors[:, np.newaxis] - centroids, axis=2)
    np.testing.assert_array_equal(nearest_centroids(vectors, centroids), distances.argmin(axis=1))
    assert nearest_centroids(vectors, np.repeat(centroids[:1], 3, axis=0)).tolist() == [0] * rows


def test_weights_count_as_repeated_rows():
    vectors, weights = np.array([[0.0], [1.0], [9.0]], np.float32), np.array([3.0, 1.0, 2.0])
    for rows, counted in ((vectors, weights), (np.repeat(vectors, [3, 1, 2], axis=0), np.ones(6))):
        centroids, _ = fit_two_levels(rows, counted, ClusterCounts(1, 1), seed=0)
        # (3 * 0 + 1 * 1 + 2 * 9) / 6
        np.testing.assert_allclose(centroids, [[19 / 6]], rtol=1e-6)


@pytest.mark.parametrize("vectors", [np.ones((1, 3)), np.ones((5, 3)), np.eye(3)])
def test_never_more_clusters_than_distinct_vectors(vectors):
    vectors = vectors.astype(np.float32)
    centroids, parents = fit_two_levels(vectors, np.ones(len(vectors)), ClusterCounts(4, 16), seed=0)
    assert len(centroids) == len(parents) == len(np.unique(vectors, axis=0))
    np.testing.assert_allclose(centroids[nearest_centroids(vectors, centroids)], vectors)


@pytest.mark.parametrize(
    ("options", "products", "expected"),
    [
        ({}, 1, (1, 1)),
        ({}, 200, (3, 10)),
        ({}, 80_000, (14, 200)),
        ({"top_clusters": 5, "sub_clusters": 4}, 80_000, (5, 20)),
        ({"top_clusters": 5, "sub_clusters": 4}, 3, (3, 3)),
        ({"top_clusters": 50}, 200, (50, 50)),
        ({"sub_clusters": 5}, 200, (2, 10)),
        ({"sub_clusters": 50}, 200, (1, 50)),
    ],
)
def test_counts_adapt_to_the_catalogue(options, products, expected):
    assert ClusterOptions(**options).counts(products) == expected
