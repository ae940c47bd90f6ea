"""Rankings of texts by vectors, and their metrics."""

import numpy as np
import numpy.typing as npt

from trainer.metrics.ranking import highest

_QUERIES_AT_ONCE = 256


def nearest(query_vectors: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
    """Returns the `k` rows with the largest dot products, int64 `(queries, k)`, best first.

    Time grows with queries times vectors; memory holds the scores of some hundred queries.
    """
    k = min(k, len(vectors))
    found = np.empty((len(query_vectors), k), np.int64)
    for start in range(0, len(query_vectors), _QUERIES_AT_ONCE):
        scores = query_vectors[start : start + _QUERIES_AT_ONCE] @ vectors.T
        found[start : start + _QUERIES_AT_ONCE] = highest(scores, k)
    return found
