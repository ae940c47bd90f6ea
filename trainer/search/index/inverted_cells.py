"""Cells, axes and probes of an inverted file: what is found out before the index stands in a graph."""

import logging
import math
import warnings

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from serving.index.inverted_file import InvertedFileIndex
from serving.index.turned_vectors import Storage
from trainer.clusters.two_level_kmeans import nearest_centroids

_LOGGER = logging.getLogger(__name__)

# Cells for a catalogue of one: their number grows with the square root of the size.
_CELLS_OF_ROOT = 4
# What k-means is trained on: so many vectors for each cell, and never more than fit in half a gibibyte or so.
_SAMPLE_OF_CELL = 40
_LARGEST_SAMPLE = 262_144
_ITERATIONS = 10
# Rows handled at once; bounds the distances to all cells that are held.
_ROWS_AT_ONCE = 16_384
_JUDGED_K = 10
# Cells are probed for by growing ratios, then by bisection.
_GROWTH = 2


def build_inverted_file(
    vectors: npt.NDArray[np.float32],
    queries: npt.NDArray[np.float32],
    *,
    target_recall: float = 0.97,
    cells: int | None = None,
    leading: int | None = None,
    storage: Storage = "int8",
    seed: int = 0,
) -> InvertedFileIndex:
    """Builds an index that reaches a recall.

    On two cores, a million vectors of 384 dimensions take some minutes: k-means on the sample and the assignment of
    all vectors each take 2 x rows x cells x dimensions operations a pass, the judged queries are few. Held beside
    the vectors and the index: the sample, and the distances of some thousand rows to all cells.

    Args:
        vectors: float32 `(size, dimensions)`, finite.
        queries: float32 `(queries, dimensions)` like those that will be asked, some hundreds: the probes are chosen
            for them.
        target_recall: The least share of the ten best products to be found, on average over `queries`.
        cells: Cells; about four times the square root of the size if None.
        leading: Values of a vector that candidates are ranked by; a third of the dimensions if None.
        storage: How the other values are kept; see `TurnedVectors`.
        seed: Seeds the sample and k-means.

    Returns:
        The index, with the smallest `probes` that reaches `target_recall` on `queries`.
    """
    centroids, cell_of = find_cells(vectors, cells or default_cells(len(vectors)), seed)
    index = InvertedFileIndex(
        vectors,
        centroids=centroids,
        cell_of=cell_of,
        axes=principal_axes(vectors, seed),
        probes=1,
        leading=leading or default_leading(vectors.shape[1]),
        storage=storage,
    )
    recall = choose_probes(index, queries, exact_neighbours(vectors, queries, _JUDGED_K), target_recall)
    _LOGGER.info("%d cells, %d probed: recall@%d %.4f", index.cells, int(index.probes), _JUDGED_K, recall)
    return index


def default_cells(size: int) -> int:
    """Returns how many cells a catalogue of `size` is cut into.

    With c cells of which a given share is probed, a query costs c + share x size products of vectors, and the finer
    the cells, the smaller the share: that makes the best c some multiple of the square root of the size.
    """
    return min(max(round(_CELLS_OF_ROOT * math.sqrt(size)), 1), size)


def default_leading(dimensions: int) -> int:
    """Returns how many of the values on the principal axes vectors are ranked by: a third."""
    return max(dimensions // 3, 1)


def find_cells(
    vectors: npt.NDArray[np.float32], cells: int, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Finds cells by k-means on a sample, and the cell of each vector.

    Args:
        vectors: float32 `(size, dimensions)`.
        cells: How many cells; no more than `size`. Where fewer vectors are distinct, some stay empty.
        seed: Seeds the sample and the first centroids.

    Returns:
        Centroids float32 `(cells, dimensions)` and cells int32 `(size,)`.
    """
    random = np.random.default_rng(seed)
    sample = _sample(vectors, min(cells * _SAMPLE_OF_CELL, _LARGEST_SAMPLE), random)
    means = KMeans(cells, init="random", n_init=1, max_iter=_ITERATIONS, random_state=int(random.integers(2**31)))
    with warnings.catch_warnings():
        # Said of fewer distinct vectors than cells, which is no mistake here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        means.fit(sample)
    centroids = means.cluster_centers_.astype(np.float32)
    cell_of = nearest_centroids(vectors, centroids)
    return _as_long_as_their_vectors(centroids, vectors, cell_of), cell_of


def principal_axes(vectors: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float32]:
    """Returns orthonormal axes, those of the largest mean square of `vectors` first.

    Not of the largest variance: what counts is how much of a dot product they carry, so the mean is left in.

    Args:
        vectors: float32 `(size, dimensions)`; a sample is looked at.
        seed: Seeds the sample.

    Returns:
        float32 `(dimensions, dimensions)`, an axis a column.
    """
    sample = _sample(vectors, _LARGEST_SAMPLE, np.random.default_rng(seed))
    _, axes = np.linalg.eigh((sample.T @ sample).astype(np.float64))
    # Eigenvalues come in ascending order.
    return np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)


def exact_neighbours(
    vectors: npt.NDArray[np.float32], queries: npt.NDArray[np.float32], k: int
) -> npt.NDArray[np.int64]:
    """Returns the indices of each query's `k` largest dot products, int64 `(queries, min(k, size))`, best first."""
    width = min(k, len(vectors))
    best = tf.zeros([len(queries), 0]), tf.zeros([len(queries), 0], tf.int32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        block = tf.matmul(queries, vectors[start : start + _ROWS_AT_ONCE], transpose_b=True)
        scores, rows = tf.math.top_k(block, min(width, block.shape[1]))
        scores, rows = tf.concat([best[0], scores], axis=1), tf.concat([best[1], rows + start], axis=1)
        scores, places = tf.math.top_k(scores, min(width, scores.shape[1]))
        best = scores, tf.gather(rows, places, batch_dims=1)
    return best[1].numpy().astype(np.int64)


def recall_of(found: npt.ArrayLike, expected: npt.NDArray[np.int64]) -> float:
    """Returns the share of `expected` that is among `found`, row by row; -1 in `expected` is not asked for.

    Args:
        found: ints `(queries, any)`.
        expected: int64 `(queries, k)`.
    """
    asked = expected >= 0
    hits = (np.asarray(found)[:, np.newaxis, :] == expected[:, :, np.newaxis]).any(axis=2) & asked
    return float(hits.sum() / max(asked.sum(), 1))


def choose_probes(
    index: InvertedFileIndex, queries: npt.NDArray[np.float32], expected: npt.NDArray[np.int64], target_recall: float
) -> float:
    """Sets the index's `probes` to the smallest number whose recall reaches the target.

    Args:
        index: Changed in place.
        queries: float32 `(queries, dimensions)`.
        expected: int64 `(queries, k)`, their exact neighbours.
        target_recall: From 0 to 1.

    Returns:
        The recall reached: below the target if all cells together do not reach it, which is what rounding may cost.
    """
    search = tf.function(lambda query: index.search(query, expected.shape[1])[1], autograph=False)
    batches = [tf.constant(queries[start : start + 64]) for start in range(0, len(queries), 64)]

    def recall(probes: int) -> float:
        index.probes.assign(probes)
        return recall_of(np.concatenate([search(batch).numpy() for batch in batches]), expected)

    too_few, enough = 0, 1
    while enough < index.cells and recall(enough) < target_recall:
        too_few, enough = enough, min(enough * _GROWTH, index.cells)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if recall(middle) < target_recall:
            too_few = middle
        else:
            enough = middle
    return recall(enough)


def _as_long_as_their_vectors(
    centroids: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32], cell_of: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """Stretches each centroid to the mean length of its vectors.

    A mean is shorter than what it is the mean of, the more so the wider the cell; by dot product, wide cells would be
    probed too late. On text vectors this saves a third of the probes.
    """
    counts = np.bincount(cell_of, minlength=len(centroids))
    lengths = np.bincount(cell_of, weights=np.linalg.norm(vectors, axis=1), minlength=len(centroids))
    norms = np.linalg.norm(centroids, axis=1)
    stretch = np.where((counts > 0) & (norms > 0.0), lengths / np.maximum(counts, 1) / np.maximum(norms, 1e-12), 1.0)
    return (centroids * stretch[:, np.newaxis]).astype(np.float32)


def _sample(vectors: npt.NDArray[np.float32], rows: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    if rows >= len(vectors):
        return vectors
    return vectors[np.sort(random.choice(len(vectors), rows, replace=False))]
