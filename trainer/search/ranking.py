"""Rankings of texts by vectors, and what is drawn from them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainer.metrics.ranking import highest
from trainer.search.options import SearchTrainingOptions

_QUERIES_AT_ONCE = 256
# Whose neighbours are looked at, among how many, and how many of them.
_HELD, _COMPARED, _NEIGHBOURS = 500, 10_000, 10


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


def near_misses(
    query_vectors: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    texts: npt.NDArray[np.int64],
    judged: Sequence[npt.NDArray[np.int64]],
    options: SearchTrainingOptions,
    random: np.random.Generator,
) -> list[npt.NDArray[np.int64]]:
    """Returns texts that are near to each query without having been judged: those of the ranks that the options name.

    No more than `max_compared` pairs of a query and a text are compared: of more texts a sample is ranked, and the
    ranks shrink with it. So time does not grow with the catalogue, once it is that large.

    Args:
        query_vectors: float32 `(queries, dimensions)`.
        vectors: float32 `(texts, dimensions)`.
        texts: int64 `(texts,)`, which texts they are, sorted.
        judged: The texts that were judged for each query.
        options: Ranks, and how much is compared.
        random: Draws the sample.

    Returns:
        For each query int64 texts of `texts`, the nearest first.
    """
    size = max(1, min(len(vectors), options.max_compared // max(1, len(query_vectors))))
    first, last = options.mined_from, options.mined_to
    if size < len(vectors):
        sample = np.sort(random.choice(len(vectors), size, replace=False))
        first = round(first * size / len(vectors))
        last = max(first + 1, round(last * size / len(vectors)))
        vectors, texts = vectors[sample], texts[sample]
    ranked = texts[nearest(query_vectors, vectors, last)[:, first:]]
    return [np.setdiff1d(found, own, assume_unique=True) for found, own in zip(ranked, judged, strict=True)]


class Neighbours:
    """Texts that some vectors have near to each other, to see how many of them others keep.

    Args:
        vectors: float32 `(texts, dimensions)` of length 1.
        random: Draws the texts that are looked at, and those that they are compared with.
    """

    def __init__(self, vectors: npt.NDArray[np.float32], random: np.random.Generator) -> None:
        self._compared = np.sort(random.permutation(len(vectors))[:_COMPARED])
        self._held = random.permutation(len(self._compared))[:_HELD]
        self._near = self._of(vectors)

    def kept(self, vectors: npt.NDArray[np.float32]) -> float:
        """Returns the share of the ten nearest texts of each that are among the ten nearest by other vectors too."""
        now = self._of(vectors)
        return float(np.mean((self._near[:, :, np.newaxis] == now[:, np.newaxis]).any(axis=2))) if now.size else 1.0

    def _of(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        compared = vectors[self._compared]
        # A text is the nearest to itself, and is none of its neighbours.
        ranked = nearest(compared[self._held], compared, _NEIGHBOURS + 1)
        others = ranked.shape[1] - 1
        return np.stack([row[row != own][:others] for own, row in zip(self._held, ranked, strict=True)])
