"""Many small cells for many vectors, in the time that a few large ones take: k-means on two levels."""

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from trainer.clusters.two_level_kmeans import nearest_centroids

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

_ITERATIONS = 6
# A vector's leaf is looked for under so many tops, the nearest: its nearest leaf is often not under its nearest top.
_TOPS_OF_VECTOR = 8
# Distances held at once, in rows of all tops or of the leaves of one.
_ROWS_AT_ONCE = 4096


class CellTree(NamedTuple):
    """Centroids of cells, the leaves, under centroids of neighbourhoods, the tops.

    Attributes:
        tops: float32 `(tops, dimensions)`.
        leaves: float32 `(leaves, dimensions)`, those of a top side by side.
        ends: int32 `(tops,)`: where the leaves of each top end.
    """

    tops: Vectors
    leaves: Vectors
    ends: Indices

    def nearest_leaves(self, vectors: Vectors) -> Indices:
        """Returns the nearest leaf of each vector by Euclidean distance, int32 `(rows,)`.

        Only the leaves of the eight nearest tops are looked at, so a vector takes some `tops + 8 * leaves / tops`
        distances instead of `leaves`. Of a million text vectors and 32,000 leaves that chooses cells as good.

        Args:
            vectors: float32 `(rows, dimensions)`.
        """
        near_tops = self._nearest_tops(vectors)
        best = np.full(len(vectors), -np.inf, np.float32)
        leaf_of = np.zeros(len(vectors), np.int32)
        half_squares = np.square(self.leaves).sum(axis=1) / 2
        by_top = np.argsort(near_tops, axis=None, kind="stable")
        rows_by_top = np.split(
            by_top // near_tops.shape[1], np.cumsum(np.bincount(near_tops.ravel(), minlength=len(self.tops)))[:-1]
        )
        for top, (rows_of_top, stop) in enumerate(zip(rows_by_top, self.ends, strict=True)):
            first = self.ends[top - 1] if top else 0
            for start in range(0, len(rows_of_top), _ROWS_AT_ONCE):
                rows = rows_of_top[start : start + _ROWS_AT_ONCE]
                # |v - c|² = |v|² - 2 (v·c - |c|² / 2), where |v|² is the same for all leaves.
                nearness = vectors[rows] @ self.leaves[first:stop].T - half_squares[first:stop]
                leaves = nearness.argmax(axis=1)
                nearest = nearness[np.arange(len(rows)), leaves]
                nearer = nearest > best[rows]
                best[rows[nearer]] = nearest[nearer]
                leaf_of[rows[nearer]] = first + leaves[nearer]
        return leaf_of

    def _nearest_tops(self, vectors: Vectors) -> npt.NDArray[np.int64]:
        """Returns the nearest tops of each vector, int64 `(rows, 8)`, or all of fewer, in any order."""
        width = min(_TOPS_OF_VECTOR, len(self.tops))
        nearest = np.empty((len(vectors), width), np.int64)
        half_squares = np.square(self.tops).sum(axis=1) / 2
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            distances = half_squares - vectors[start : start + _ROWS_AT_ONCE] @ self.tops.T
            nearest[start : start + _ROWS_AT_ONCE] = np.argpartition(distances, width - 1, axis=1)[:, :width]
        return nearest


def fit_cell_tree(sample: Vectors, leaves: int, seed: int) -> CellTree:
    """Finds tops by k-means and splits each into leaves the same way; then leaves move to the means of what is nearest.

    A row takes some `tops + leaves / tops` distances in each of a few rounds; a flat k-means takes `leaves`.

    Args:
        sample: float32 `(rows, dimensions)`, at least one.
        leaves: About how many; fewer where there are fewer distinct rows.
        seed: Seeds the first centroids.
    """
    random = np.random.default_rng(seed)
    tops = _k_means(sample, max(round(np.sqrt(leaves / 2)), 1), random)
    top_of = nearest_centroids(sample, tops)
    # A top that nothing is nearest to, as of equal rows, has no leaves and is none.
    members = [(top, np.flatnonzero(top_of == top)) for top in range(len(tops))]
    members = [(top, rows) for top, rows in members if len(rows)]
    parts = [_k_means(sample[rows], max(round(leaves * len(rows) / len(sample)), 1), random) for _, rows in members]
    tree = CellTree(
        tops[[top for top, _ in members]],
        np.concatenate(parts),
        np.cumsum([len(part) for part in parts], dtype=np.int32),
    )
    return tree._replace(leaves=means(sample, tree.nearest_leaves(sample), tree.leaves))


def means(vectors: Vectors, cell_of: Indices, otherwise: Vectors) -> Vectors:
    """Returns the mean of each cell's vectors, float32 `(cells, dimensions)`; `otherwise` where a cell is empty.

    Args:
        vectors: float32 `(rows, dimensions)`.
        cell_of: int `(rows,)`, the cell of each vector.
        otherwise: float32 `(cells, dimensions)`.
    """
    found, totals, counts = sums(vectors, cell_of)
    moved = otherwise.copy()
    moved[found] = totals / counts[:, np.newaxis]
    return moved


def sums(vectors: Vectors, cell_of: Indices) -> tuple[Indices, Vectors, npt.NDArray[np.intp]]:
    """Returns the cells that are not empty, the sums of their vectors, and how many these are."""
    order = np.argsort(cell_of, kind="stable")
    found, starts, counts = np.unique(cell_of[order], return_index=True, return_counts=True)
    totals: Vectors = np.add.reduceat(vectors[order], starts, axis=0)
    return found, totals, counts


def _k_means(vectors: Vectors, clusters: int, random: np.random.Generator) -> Vectors:
    clusters = min(clusters, len(vectors))
    fit = KMeans(clusters, init="random", n_init=1, max_iter=_ITERATIONS, random_state=int(random.integers(2**31)))
    with warnings.catch_warnings():
        # Said of fewer distinct vectors than cells, which is no mistake here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        centroids: Vectors = fit.fit(vectors).cluster_centers_.astype(np.float32)
    return centroids
