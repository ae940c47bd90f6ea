"""How much the words count beside the meaning: learned on validation queries."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import split_words
from serving.index.lexical import LexicalIndex
from serving.search.ranking import CANDIDATES, Fusion
from trainer.metrics.ranking import hit_matrix, ndcg_at_k
from trainer.search.queries import JudgedQueries

_QUERIES_AT_ONCE = 64
_K = 10
# Weights of the lexical side that are tried, beside 1 for the dense one.
_WEIGHTS = np.geomspace(0.05, 20.0, 40)


def learn_fusion(
    queries: JudgedQueries,
    query_vectors: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    lexical: LexicalIndex,
    relevant_from: float,
) -> Fusion:
    """Picks the weight of the lexical side that is nearest to 1 and hardly worse in NDCG@10 than the best.

    That is, whose mean NDCG falls short of the best one's by no more than a standard error of their difference over the
    queries (after the one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984). Far
    weights leave one side without a say, and on queries of another kind that costs more than it gains here.

    Candidates and scores are those of `serving.search.ranking.Ranking`. Time grows with queries times products.

    Args:
        queries: Validation queries.
        query_vectors: float32 `(queries, dimensions)`.
        vectors: float32 `(products, dimensions)`.
        lexical: The words of the same products.
        relevant_from: Least relevance of a product that answers a query.
    """
    offsets, targets = queries.relevant(relevant_from)
    found = []
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        stop = min(start + _QUERIES_AT_ONCE, len(queries))
        candidates, dense, words = _candidates(
            queries.queries[start:stop], query_vectors[start:stop], vectors, lexical, min(CANDIDATES, len(vectors))
        )
        bounds = offsets[start : stop + 1]
        wanted = targets[bounds[0] : bounds[-1]]
        by_weight = []
        for weight in _WEIGHTS:
            order = np.argsort(-(dense + weight * words), axis=1, kind="stable")[:, :_K]
            hits = hit_matrix(np.take_along_axis(candidates, order, axis=1), bounds - bounds[0], wanted)
            by_weight.append(ndcg_at_k(hits, np.diff(bounds), _K))
        found.append(np.column_stack(by_weight))
    return Fusion(dense=1.0, lexical=_nearest_to_one(np.concatenate(found)))


def _nearest_to_one(ndcg: npt.NDArray[np.float64]) -> float:
    """Returns the chosen weight for NDCG float64 `(queries, weights)`, NaN in rows without an answer."""
    answered = ndcg[~np.isnan(ndcg[:, 0])]
    if not len(answered):
        return 1.0
    shortfall = answered[:, [answered.mean(axis=0).argmax()]] - answered
    error = shortfall.std(axis=0, ddof=min(1, len(answered) - 1)) / np.sqrt(len(answered))
    hardly_worse = shortfall.mean(axis=0) <= error
    distance = np.where(hardly_worse, np.abs(np.log(_WEIGHTS)), np.inf)
    return float(_WEIGHTS[distance.argmin()])


def _candidates(
    queries: list[str],
    query_vectors: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    lexical: LexicalIndex,
    count: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns what both sides propose for each query, -1 for none, and the two parts of its score."""
    dense = query_vectors @ vectors.T
    word_ids = lexical.word_ids(split_words(tf.constant(queries)))
    words = lexical.scores(word_ids).numpy()
    words /= np.maximum(lexical.rarity(word_ids).numpy(), 1.0e-12)[:, np.newaxis]
    by_meaning = np.argpartition(-dense, count - 1, axis=1)[:, :count]
    by_words = np.argpartition(-words, count - 1, axis=1)[:, :count]
    joined = np.sort(np.concatenate([by_meaning, by_words], axis=1), axis=1)
    repeated = np.diff(joined, axis=1, prepend=-1) == 0
    dense = np.where(repeated, -np.inf, np.take_along_axis(dense, joined, axis=1))
    words = np.where(repeated, 0.0, np.take_along_axis(words, joined, axis=1))
    return np.where(repeated, -1, joined), dense, words
