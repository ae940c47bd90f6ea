"""k-means on two levels: top clusters, and leaves inside each of them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from trainer.clusters.options import ClusterCounts

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float64]

_ROWS_AT_ONCE = 8192
_BATCH_SIZE = 1024
_PASSES = 10
_FULL_STEPS = 2


class TwoLevelCentroids(NamedTuple):
    """Centroids of the leaves and what they belong to.

    Attributes:
        centroids: float32 `(leaves, dimensions)`.
        parents: int32 `(leaves,)`, the top cluster of each leaf.
    """

    centroids: Vectors
    parents: Indices


def fit_two_levels(vectors: Vectors, weights: Weights, counts: ClusterCounts, seed: int) -> TwoLevelCentroids:
    """Finds the centroids of top clusters by mini-batch k-means (Sculley, 2010) and splits each of them the same way.

    Top clusters get leaves in proportion to their sums of squares: varied ones more than uniform ones. In the end all
    leaves together take two steps of k-means. A leaf may be nearest to none of the vectors.

    It takes some `rows * dimensions * (10 * tops + 10 * leaves / tops + 2 * leaves)` multiplications, and memory for
    two copies of the vectors.

    Args:
        vectors: float32 `(rows, dimensions)`, at least one; equal rows count as one of their weights together.
        weights: float64 `(rows,)`, above 0.
        counts: Clusters to look for; fewer are found where there are fewer distinct rows.
        seed: The same seed and vectors give the same centroids on the same machine.
    """
    distinct, weights = _merge_equal(vectors, weights)
    tops = _fit(distinct, weights, counts.tops, seed)
    top_ids = nearest_centroids(distinct, tops)
    members = [np.flatnonzero(top_ids == top) for top in range(len(tops))]
    members = [rows for rows in members if len(rows)]
    centroids, parents = [], []
    for top, (rows, leaves) in enumerate(zip(members, _share_leaves(distinct, weights, members, counts), strict=True)):
        inside = _fit(distinct[rows], weights[rows], leaves, seed + 1 + top)
        centroids.append(inside)
        parents.append(np.full(len(inside), top, np.int32))
    moved = np.concatenate(centroids)
    # Products go to the nearest leaf of all, so the leaves are settled beside those of other top clusters too.
    for _ in range(_FULL_STEPS):
        moved = _move_to_means(moved, distinct, weights)
    return TwoLevelCentroids(moved, np.concatenate(parents))


def nearest_centroids(vectors: Vectors, centroids: Vectors) -> Indices:
    """Returns the nearest centroid of each vector by Euclidean distance, the first of several as near.

    Args:
        vectors: float32 `(rows, dimensions)`.
        centroids: float32 `(clusters, dimensions)`.

    Returns:
        int32 `(rows,)`.
    """
    nearest = np.zeros(len(vectors), np.int32)
    half_squares = (centroids * centroids).sum(axis=1) / 2
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        # |v - c|² = |v|² - 2 (v·c - |c|² / 2), where |v|² is the same for all centroids.
        nearest[rows] = (vectors[rows] @ centroids.T - half_squares).argmax(axis=1)
    return nearest


def _merge_equal(vectors: Vectors, weights: Weights) -> tuple[Vectors, Weights]:
    """Returns the distinct rows, in the order of their first occurrence, and their summed weights."""
    firsts: dict[bytes, int] = {}
    groups = np.array([firsts.setdefault(row.tobytes(), len(firsts)) for row in vectors])
    if len(firsts) == len(vectors):
        return vectors, weights
    _, first_rows = np.unique(groups, return_index=True)
    return vectors[first_rows], np.bincount(groups, weights).astype(np.float64)


def _fit(vectors: Vectors, weights: Weights, clusters: int, seed: int) -> Vectors:
    clusters = min(clusters, len(vectors))
    if clusters == 1:
        return np.average(vectors, axis=0, weights=weights).astype(np.float32)[np.newaxis]
    if clusters == len(vectors):
        return vectors
    # Without early stopping: it goes by a sum whose rounding depends on the number of threads.
    k_means = MiniBatchKMeans(
        clusters,
        batch_size=min(_BATCH_SIZE, len(vectors)),
        max_iter=_PASSES,
        max_no_improvement=None,
        n_init=1,
        random_state=seed % 2**32,
    )
    # Batches are too small to share: more threads than one wait for each other for most of the time.
    with threadpool_limits(1):
        centroids: Vectors = k_means.fit(vectors, sample_weight=weights).cluster_centers_.astype(np.float32)
    return centroids


def _move_to_means(centroids: Vectors, vectors: Vectors, weights: Weights) -> Vectors:
    """Returns the mean of the vectors nearest to each centroid (Lloyd, 1982); one without any stays where it is."""
    nearest = nearest_centroids(vectors, centroids)
    totals = np.bincount(nearest, weights, minlength=len(centroids))
    members = csr_array((weights, (nearest, np.arange(len(vectors)))), shape=(len(centroids), len(vectors)))
    sums = members.astype(np.float32) @ vectors
    means: Vectors = np.where(totals[:, np.newaxis] > 0, sums / np.maximum(totals, 1e-9)[:, np.newaxis], centroids)
    return means.astype(np.float32)


def _share_leaves(
    vectors: Vectors, weights: Weights, members: list[npt.NDArray[np.intp]], counts: ClusterCounts
) -> list[int]:
    """Returns the number of leaves of each top cluster, at least one and no more than it has rows.

    Sums of squares are the votes in the divisor method that rounds in the middle (Webster, 1832).
    """
    squares = []
    for rows in members:
        centred = vectors[rows] - np.average(vectors[rows], axis=0, weights=weights[rows])
        squares.append(float(weights[rows] @ (centred * centred).sum(axis=1)))
    votes, room = np.array(squares), np.array([len(rows) for rows in members])
    leaves = np.ones(len(members), np.int64)
    for _ in range(min(counts.leaves, int(room.sum())) - len(members)):
        leaves[np.where(leaves < room, votes / (2 * leaves + 1), -1.0).argmax()] += 1
    return leaves.tolist()
