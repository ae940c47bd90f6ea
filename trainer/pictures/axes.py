"""The directions in which pictures of a catalogue differ most, which are all that is kept of their vectors."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

Matrix = npt.NDArray[np.float32]

# Enough to learn the axes from.
_MOST_PICTURES = 10_000
_LEAST_SHARE = 1e-6


class PictureAxes(NamedTuple):
    """A projection of picture vectors to fewer values, by principal components.

    Attributes:
        mean: float32 `(dimensions,)`.
        axes: float32 `(dimensions, kept)`, orthonormal.
    """

    mean: Matrix
    axes: Matrix

    def looks(self, vectors: Matrix) -> Matrix:
        """Returns float32 `(n, kept)` of length 1 of vectors `(n, dimensions)`; a row of NaN stays one."""
        projected = (vectors - self.mean) @ self.axes
        lengths = np.linalg.norm(projected, axis=1, keepdims=True)
        looks: Matrix = projected / np.maximum(lengths, 1e-12)
        return looks


def fit_axes(vectors: Matrix, kept: int, seed: int) -> PictureAxes:
    """Learns the axes of pictures.

    Args:
        vectors: float32 `(pictures, dimensions)`, finite; a seeded sample of them is looked at where there are many.
        kept: Axes at the most.
        seed: Of the sample.
    """
    if len(vectors) > _MOST_PICTURES:
        rows = np.random.default_rng(seed).choice(len(vectors), _MOST_PICTURES, replace=False)
        vectors = vectors[np.sort(rows)]
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = vectors - mean
    # Of few pictures their own products are the smaller matrix.
    if len(centred) < centred.shape[1]:
        values, left = _largest_of((centred @ centred.T).astype(np.float64), kept)
        order = _above_nothing(values)
        axes = centred.T @ left[:, order] / np.sqrt(values[order])
    else:
        values, right = _largest_of((centred.T @ centred).astype(np.float64), kept)
        axes = right[:, _above_nothing(values)]
    if not axes.shape[1]:
        # All pictures are the same one: any axis tells as little.
        axes = np.eye(centred.shape[1], 1)
    return PictureAxes(mean, axes.astype(np.float32))


def _largest_of(matrix: npt.NDArray[np.float64], kept: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns the largest eigenvalues of a symmetric matrix, the largest first, and their vectors as columns."""
    size = len(matrix)
    values, vectors = eigh(matrix, subset_by_index=(max(size - kept, 0), size - 1))
    return values[::-1], vectors[:, ::-1]


def _above_nothing(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.flatnonzero(values > _LEAST_SHARE * max(values.max(initial=0.0), 1e-12))
