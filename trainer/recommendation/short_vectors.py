"""Vectors of fewer values that keep what they can of the angles between longer ones."""

import numpy as np
import numpy.typing as npt
from sklearn.utils.extmath import randomized_svd

_MOST = 64


def short_vectors(vectors: npt.NDArray[np.floating], dimensions: int = _MOST, seed: int = 0) -> npt.NDArray[np.float32]:
    """Projects vectors on the directions in which they differ most, by a singular value decomposition.

    Dot products are then those of the best approximation of that rank (Eckart and Young, "The approximation of one
    matrix by another of lower rank", 1936).

    Args:
        vectors: `(rows, values)`.
        dimensions: Values that are left at the most.
        seed: Of the randomised decomposition.

    Returns:
        float32 `(rows, min(values, dimensions))`; the vectors themselves where they are no longer than that.
    """
    matrix = np.asarray(vectors, np.float32)
    if matrix.shape[1] <= dimensions:
        return matrix
    # Equal rows say nothing new of the directions.
    distinct = np.unique(matrix, axis=0)
    _, _, directions = randomized_svd(distinct, min(dimensions, *distinct.shape), n_iter=2, random_state=seed)
    return np.asarray(matrix @ directions.T, np.float32)
