"""Texts that are found by what their pictures mean too, as far as that helps people's queries."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from serving.index.lexical import LexicalIndex
from serving.search.ranking import CANDIDATES
from trainer.metrics.ranking import highest, hit_matrix, ndcg_at_k
from trainer.search.fusion import PRIOR, scores_by_words
from trainer.search.queries import JudgedQueries

Matrix = npt.NDArray[np.float32]

_K = 10
_QUERIES_AT_ONCE = 64
_WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.8)
# By so many standard errors of the difference over the queries a weight has to be better than none.
_STANDARD_ERRORS = 1.645


class TextFusion(NamedTuple):
    """How much a text's picture counts.

    Attributes:
        weight: Factor of what the picture means, beside the text's own vector.
        report: `ndcg_at_10` of the validation queries without pictures and with each weight; None without any query.
    """

    weight: float
    report: dict[str, Any]

    def fuse(self, vectors: Matrix, meanings: Matrix) -> Matrix:
        """Returns texts' vectors moved towards what their pictures mean, as long as before.

        Args:
            vectors: float32 `(texts, dimensions)`.
            meanings: float32 `(texts, dimensions)` of length 1, or 0 for a text without a picture.
        """
        return fused(vectors, meanings, self.weight)


def fused(vectors: Matrix, meanings: Matrix, weight: float) -> Matrix:
    """Does what `TextFusion.fuse` does, with a weight."""
    if not weight:
        return vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    moved = vectors + np.float32(weight) * lengths * meanings
    result: Matrix = moved * (lengths / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12))
    return result


def learn_text_fusion(
    vectors: Matrix,
    meanings: Matrix,
    queries: JudgedQueries,
    query_vectors: Matrix,
    lexical: LexicalIndex | None,
    relevant_from: float,
) -> TextFusion:
    """Picks the best weight; none where its gain in NDCG@10 may well be chance.

    Each weight ranks the validation queries with both sides of the score, the lexical one at its usual weight.

    Args:
        vectors: float32 `(texts, dimensions)`.
        meanings: What `TextFusion.fuse` takes.
        queries: Validation queries, whose products are rows of texts.
        query_vectors: float32 `(queries, dimensions)`.
        lexical: The texts' words; None where that side is off.
        relevant_from: Least relevance of a text that answers a query.
    """
    offsets, targets = queries.relevant(relevant_from)
    tried = [fused(vectors, meanings, weight) for weight in _WEIGHTS]
    found: list[list[npt.NDArray[np.float64]]] = [[] for _ in _WEIGHTS]
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        stop = min(start + _QUERIES_AT_ONCE, len(queries))
        words: Matrix | float = 0.0
        if lexical is not None:
            words = PRIOR.lexical * scores_by_words(queries.queries[start:stop], lexical)
        bounds = offsets[start : stop + 1]
        relevant = bounds - bounds[0], targets[bounds[0] : bounds[-1]]
        for column, each in enumerate(tried):
            scores = query_vectors[start:stop] @ each.T + words
            lists = highest(scores, min(_K, CANDIDATES, len(vectors)))
            hits = hit_matrix(lists, *relevant)
            found[column].append(ndcg_at_k(hits, np.diff(bounds), _K))
    ndcg = np.stack([np.concatenate(each) for each in found]) if len(queries) else np.zeros((len(_WEIGHTS), 0))
    ndcg = ndcg[:, ~np.isnan(ndcg).any(axis=0)]
    if not ndcg.shape[1]:
        return TextFusion(0.0, {"weight": 0.0, "ndcg_at_10": None})
    means = ndcg.mean(axis=1)
    best = int(means.argmax())
    gain = ndcg[best] - ndcg[0]
    error = gain.std(ddof=min(1, len(gain) - 1)) / np.sqrt(len(gain))
    weight = _WEIGHTS[best] if gain.mean() > _STANDARD_ERRORS * error else 0.0
    by_weight = {f"{each:g}": float(mean) for each, mean in zip(_WEIGHTS, means, strict=True)}
    return TextFusion(weight, {"weight": weight, "ndcg_at_10": by_weight, "queries": int(ndcg.shape[1])})
