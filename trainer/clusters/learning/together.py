"""Which texts are bought or found together: vectors by the company that they keep, and pairs that keep the same."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array
from sklearn.utils.extmath import randomized_svd

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_DIMENSIONS = 64
_ITERATIONS = 2
# Of a text in fewer baskets the company says little.
_FEWEST_BASKETS = 5
_NEIGHBOURS = 4
_ROWS_AT_ONCE = 1024
# Neighbours are looked for among so many texts, so that time does not grow with the square of the catalogue.
_MOST_TEXTS = 20_000


class Occurrences(NamedTuple):
    """Texts in baskets, or among what one query found; a text may be in one several times.

    Attributes:
        baskets: int64 `(occurrences,)`, from 0.
        texts: int64 `(occurrences,)`.
    """

    baskets: Indices
    texts: Indices


def together_vectors(occurrences: Occurrences, texts: int, seed: int) -> Vectors:
    """Returns vectors that are near where texts are in baskets with the same others, whether with each other or not.

    They are the singular vectors of spectral co-clustering (Dhillon, "Co-clustering documents and words using bipartite
    spectral graph partitioning", KDD 2001), without the first, which only says how often; the average degree is added
    to all degrees, without which texts of one basket make axes of their own (Qin and Rohe, "Regularized spectral
    clustering under the degree-corrected stochastic blockmodel", NIPS 2013). Time and memory grow in proportion to the
    occurrences.

    Args:
        occurrences: What was bought or found together.
        texts: Their number.
        seed: Of the randomised decomposition.

    Returns:
        float32 `(texts, dimensions)` of length 1; 0 for texts of fewer than five baskets.
    """
    nothing = np.zeros((texts, 1), np.float32)
    if not len(occurrences.baskets):
        return nothing
    shape = (texts, int(occurrences.baskets.max()) + 1)
    ones = np.ones(len(occurrences.baskets), np.float32)
    table = csr_array((ones, (occurrences.texts, occurrences.baskets)), shape=shape)
    table.sum_duplicates()
    table.data[:] = 1.0
    often, sizes = table.sum(axis=1), table.sum(axis=0)
    known = often >= _FEWEST_BASKETS
    dimensions = min(_DIMENSIONS + 1, int(known.sum()) - 1, shape[1] - 1)
    if dimensions < 2:
        return nothing
    # A basket of one text says nothing of company.
    columns = (sizes > 1) / np.sqrt(sizes + sizes.mean())
    scaled = diags_array(1.0 / np.sqrt(often + often.mean())) @ table @ diags_array(columns)
    axes, strengths, _ = randomized_svd(scaled.astype(np.float32), dimensions, n_iter=_ITERATIONS, random_state=seed)
    vectors = axes[:, 1:] * strengths[1:] * known[:, np.newaxis]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0).astype(np.float32)


def pairs_together(vectors: Vectors, texts: Indices, random: np.random.Generator) -> tuple[Indices, Indices]:
    """Returns pairs of each text and the four whose company is the most like its own.

    Args:
        vectors: float32 `(all texts, dimensions)`, of `together_vectors`.
        texts: int64 `(texts,)`, those that may be in a pair; of more than 20,000 a random sample is taken.
        random: Draws it.

    Returns:
        Both sides, int64 `(pairs,)`.
    """
    known = texts[(vectors[texts] != 0).any(axis=1)]
    if len(known) > _MOST_TEXTS:
        known = np.sort(random.choice(known, _MOST_TEXTS, replace=False))
    near = min(_NEIGHBOURS, len(known) - 1)
    if near < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    among, right = vectors[known], []
    for start in range(0, len(known), _ROWS_AT_ONCE):
        cosines = among[start : start + _ROWS_AT_ONCE] @ among.T
        places = np.arange(len(cosines))
        cosines[places, start + places] = -np.inf
        right.append(known[np.argpartition(-cosines, near - 1, axis=1)[:, :near]])
    return np.repeat(known, near), np.concatenate(right).ravel()
