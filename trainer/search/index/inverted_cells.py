"""Cells, axes and probes of an inverted file: what is found out before the index stands in a graph."""

import logging
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.index.inverted_file import InvertedFileIndex
from serving.index.turned_vectors import Storage
from trainer.search.index.cell_tree import fit_cell_tree, sums

_LOGGER = logging.getLogger(__name__)

# Cells for a catalogue of one: their number grows with the square root of the size, but cells hold eight vectors or so.
_CELLS_OF_ROOT, _LEAST_IN_CELL = 32, 8
# What cells are found on: so many vectors for each, and never more than fit in half a gibibyte or so.
_SAMPLE_OF_CELL = 16
_LARGEST_SAMPLE = 524_288
# What the axes are found on.
_SAMPLE_FOR_AXES = 131_072
# Rows handled at once; bounds the distances to all cells that are held.
_ROWS_AT_ONCE = 16_384
_JUDGED_K = 10
# Cells are probed for by growing ratios, then by bisection.
_GROWTH = 2
# How many vectors are scored by all values, and what recall may be lost against the most of these.
_RESCORED, _LOST_AT_MOST = (300, 600, 1200), 0.01
# Vectors looked at while this is found out.
_PROBED_FOR_RESCORED = 20_000


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

    Cells are found by k-means on two levels, which takes time that grows with the size to the power of 5/4; a million
    vectors of 384 dimensions take a minute on one core. Held beside the vectors and the index: the sample, and some
    thousand rows of leading values and of distances.

    Args:
        vectors: float32 `(size, dimensions)`, finite.
        queries: float32 `(queries, dimensions)` like those that will be asked, some hundreds: the probes are chosen
            for them.
        target_recall: The least share of the ten best products to be found, on average over `queries`.
        cells: Cells; see `default_cells` for None.
        leading: Values of a vector that candidates are ranked by; a third of the dimensions if None.
        storage: How the other values are kept; see `TurnedVectors`.
        seed: Seeds the sample and k-means.

    Returns:
        The index, with the smallest `probes` that reaches `target_recall` on `queries`.
    """
    axes = principal_axes(vectors, seed)
    cut = leading or default_leading(vectors.shape[1])
    centroids, cell_of = find_cells(vectors, cells or default_cells(len(vectors)), axes[:, :cut], seed)
    index = InvertedFileIndex(
        vectors, centroids=centroids, cell_of=cell_of, axes=axes, probes=1, leading=cut, storage=storage
    )
    expected = exact_neighbours(vectors, queries, _JUDGED_K)
    choose_rescored(index, queries, expected)
    recall = choose_probes(index, queries, expected, target_recall)
    _LOGGER.info("%d cells, %d probed: recall@%d %.4f", index.cells, int(index.probes), _JUDGED_K, recall)
    return index


def default_cells(size: int) -> int:
    """Returns how many cells a catalogue of `size` is cut into.

    With c cells of which a given share is probed, a query costs c + share x size products of vectors, and the finer
    the cells, the smaller the share: that makes the best c some multiple of the square root of the size. The multiple
    is what was fastest for a million titles: of 4,000 cells, 20,000 vectors had to be looked at for a recall of 0.97,
    of 16,000 some 15,000, of 32,000 some 5,000.
    """
    return max(min(round(_CELLS_OF_ROOT * math.sqrt(size)), size // _LEAST_IN_CELL), 1)


def default_leading(dimensions: int) -> int:
    """Returns how many of the values on the principal axes vectors are ranked by: a third."""
    return max(dimensions // 3, 1)


def find_cells(
    vectors: npt.NDArray[np.float32], cells: int, axes: npt.NDArray[np.float32], seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Finds cells by k-means on a sample, and the cell of each vector.

    Args:
        vectors: float32 `(size, dimensions)`.
        cells: About how many; fewer where fewer vectors are distinct.
        axes: float32 `(dimensions, leading)`: vectors are near in a cell by their values on these.
        seed: Seeds the sample and the first centroids.

    Returns:
        Centroids float32 `(cells, dimensions)` by all values, as long as their vectors are on average, and cells int32
        `(size,)`. No cell is empty.
    """
    random = np.random.default_rng(seed)
    sample = _sample(vectors, min(max(cells, 1) * _SAMPLE_OF_CELL, _LARGEST_SAMPLE), random)
    tree = fit_cell_tree(sample @ axes, min(cells, len(vectors)), seed)
    cell_of = np.empty(len(vectors), np.int32)
    totals = np.zeros((len(tree.leaves), vectors.shape[1]), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = vectors[start : start + _ROWS_AT_ONCE]
        cell_of[start : start + _ROWS_AT_ONCE] = tree.nearest_leaves(rows @ axes)
        found, added, _ = sums(rows, cell_of[start : start + _ROWS_AT_ONCE])
        totals[found] += added
    found, renumbered = np.unique(cell_of, return_inverse=True)
    cell_of = renumbered.astype(np.int32)
    return _as_long_as_their_vectors(totals[found], vectors, cell_of), cell_of


def principal_axes(vectors: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float32]:
    """Returns orthonormal axes, those of the largest mean square of `vectors` first.

    Not of the largest variance: what counts is how much of a dot product they carry, so the mean is left in.

    Args:
        vectors: float32 `(size, dimensions)`; a sample is looked at.
        seed: Seeds the sample.

    Returns:
        float32 `(dimensions, dimensions)`, an axis a column.
    """
    sample = _sample(vectors, _SAMPLE_FOR_AXES, np.random.default_rng(seed))
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


def choose_rescored(
    index: InvertedFileIndex, queries: npt.NDArray[np.float32], expected: npt.NDArray[np.int64]
) -> None:
    """Sets the index's `rescored` to the smallest of a few numbers that finds nearly what the largest finds.

    Args:
        index: Changed in place.
        queries: float32 `(queries, dimensions)`.
        expected: int64 `(queries, k)`, their exact neighbours.
    """
    index.probes.assign(min(math.ceil(_PROBED_FOR_RESCORED * index.cells / index.size), index.cells))
    measure = _recall_as_set(index, queries, expected)
    recalls = []
    for rescored in _RESCORED:
        index.rescored.assign(rescored)
        recalls.append(measure())
    enough = [
        rescored for rescored, recall in zip(_RESCORED, recalls, strict=True) if recall >= recalls[-1] - _LOST_AT_MOST
    ]
    index.rescored.assign(enough[0])


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
    measure = _recall_as_set(index, queries, expected)

    def recall(probes: int) -> float:
        index.probes.assign(probes)
        return measure()

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


def _recall_as_set(
    index: InvertedFileIndex, queries: npt.NDArray[np.float32], expected: npt.NDArray[np.int64]
) -> Callable[[], float]:
    """Returns what measures the recall of an index as its variables are."""
    search = tf.function(lambda query: index.search(query, expected.shape[1])[1], autograph=False)
    batches = [tf.constant(queries[start : start + 64]) for start in range(0, len(queries), 64)]
    return lambda: recall_of(np.concatenate([search(batch).numpy() for batch in batches]), expected)


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
