"""How much words, meaning and feedback count: what holds for people's queries, moved by the shop's own."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import index_words, joined_pairs, plain_words, singular_words
from serving.index.lexical import LexicalIndex
from serving.search.ranking import CANDIDATES, FEEDBACK_TEXTS, Fusion
from trainer.metrics.ranking import highest, hit_matrix, ndcg_at_k
from trainer.search.queries import JudgedQueries

_QUERIES_AT_ONCE = 64
_K = 10
# What counts where a shop's own queries do not say otherwise, beside 1 for the dense side. Both are learned on half of
# the training queries that people asked of a hardware shop, with vectors that had not seen them, and confirmed on sixty
# queries as shoppers write them, of a grocer: NDCG@10 there and queries answered well here are .428 and 44 at a weight
# of 1.5, .436 and 44 at 2.5, .439 and 41 at 4, .435 and 40 at 6. Without feedback they are .432 and 40 at the best.
PRIOR = Fusion(dense=1.0, lexical=2.5, feedback=0.5)
# Weights of the lexical side that are tried, and then of feedback.
_WEIGHTS = np.geomspace(0.1, 20.0, 24)
_FEEDBACK = np.array([0.0, 0.25, 0.5, 1.0])
# Made queries count as so many of people's at the most: they tell whether the words of a text find it, and little of
# which other words people have for it.
_MADE_QUERIES_COUNT = 30
_ASKED = "asked"


def learn_fusion(
    queries: JudgedQueries,
    query_vectors: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    lexical: LexicalIndex,
    relevant_from: float,
) -> Fusion:
    """Picks the weights that are nearest to `PRIOR` and hardly worse in NDCG@10 than the best.

    That is, whose mean NDCG falls short of the best one's by no more than a standard error of their difference over the
    queries (after the one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984): the more
    queries of people there are, the further they move the weights. First the lexical side's weight is picked, then that
    of feedback.

    Candidates and scores are those of `serving.search.ranking.Ranking`. Time grows with queries times texts.

    Args:
        queries: Validation queries.
        query_vectors: float32 `(queries, dimensions)`.
        vectors: float32 `(texts, dimensions)`.
        lexical: The words of the same texts.
        relevant_from: Least relevance of a text that answers a query.
    """
    offsets, targets = queries.relevant(relevant_from)
    found = []
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        stop = min(start + _QUERIES_AT_ONCE, len(queries))
        candidates, dense, words = _candidates(
            queries.queries[start:stop], query_vectors[start:stop], vectors, lexical, min(CANDIDATES, len(vectors))
        )
        bounds = offsets[start : stop + 1]
        found.append(_ndcg(candidates, dense, words, vectors, (bounds - bounds[0], targets[bounds[0] : bounds[-1]])))
    ndcg = np.concatenate(found) if found else np.zeros((0, len(_WEIGHTS), len(_FEEDBACK)))
    made = np.array([each != _ASKED for each in queries.slices], np.bool_)
    weight = _nearest(ndcg[:, :, list(_FEEDBACK).index(PRIOR.feedback)], np.abs(np.log(_WEIGHTS / PRIOR.lexical)), made)
    feedback = _nearest(ndcg[:, weight], np.abs(_FEEDBACK - PRIOR.feedback), made)
    return Fusion(dense=1.0, lexical=float(_WEIGHTS[weight]), feedback=float(_FEEDBACK[feedback]))


def _nearest(ndcg: npt.NDArray[np.float64], distance: npt.NDArray[np.float64], made: npt.NDArray[np.bool_]) -> int:
    """Returns the choice with the least distance that is hardly worse than the best.

    Args:
        ndcg: float64 `(queries, choices)`, NaN in rows without an answer.
        distance: float64 `(choices,)` from the prior.
        made: bool `(queries,)`: whether nobody asked it.
    """
    answered = ~np.isnan(ndcg).any(axis=1)
    if not answered.any():
        return int(distance.argmin())
    ndcg, made = ndcg[answered], made[answered]
    shortfall = ndcg[:, [ndcg.mean(axis=0).argmax()]] - ndcg
    count = (~made).sum() + min(made.sum(), _MADE_QUERIES_COUNT)
    error = shortfall.std(axis=0, ddof=min(1, len(ndcg) - 1)) / np.sqrt(count)
    hardly_worse = shortfall.mean(axis=0) <= error
    return int(np.where(hardly_worse, distance, np.inf).argmin())


def _ndcg(
    candidates: npt.NDArray[np.int64],
    dense: npt.NDArray[np.float32],
    words: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    relevant: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> npt.NDArray[np.float64]:
    """Returns the NDCG@10 of each query with each weight of words and of feedback, `(queries, weights, feedback)`."""
    offsets, targets = relevant
    ndcg = np.empty((len(candidates), len(_WEIGHTS), len(_FEEDBACK)))
    found = vectors[np.maximum(candidates, 0)]
    # How near all candidates of a query are to each other is the same for every weight.
    nearness = found @ found.transpose(0, 2, 1)
    for row, weight in enumerate(_WEIGHTS):
        scores = dense + weight * words
        best = np.argsort(-scores, axis=1, kind="stable")[:, :FEEDBACK_TEXTS]
        counts = np.isfinite(np.take_along_axis(scores, best, axis=1)).astype(np.float32)
        shares = np.zeros_like(scores, np.float32)
        np.put_along_axis(shares, best, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0), axis=1)
        closeness = (shares[:, np.newaxis] @ nearness)[:, 0]
        for column, feedback in enumerate(_FEEDBACK):
            order = np.argsort(-(scores + feedback * closeness), axis=1, kind="stable")[:, :_K]
            hits = hit_matrix(np.take_along_axis(candidates, order, axis=1), offsets, targets)
            ndcg[:, row, column] = ndcg_at_k(hits, np.diff(offsets), _K)
    return ndcg


def scores_by_words(queries: list[str], lexical: LexicalIndex) -> npt.NDArray[np.float32]:
    """Returns the lexical side's scores of all texts, float32 `(queries, texts)`."""
    plain = plain_words(tf.constant(queries))
    scores: npt.NDArray[np.float32] = lexical.scores(
        lexical.ask(index_words(plain), joined_pairs(singular_words(plain)))
    ).numpy()
    return scores


def _candidates(
    queries: list[str],
    query_vectors: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    lexical: LexicalIndex,
    count: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns what both sides propose for each query, -1 for none, and the two parts of its score."""
    dense = query_vectors @ vectors.T
    words = scores_by_words(queries, lexical)
    joined = np.sort(np.concatenate([highest(dense, count), highest(words, count)], axis=1), axis=1)
    repeated = np.diff(joined, axis=1, prepend=-1) == 0
    dense = np.where(repeated, -np.inf, np.take_along_axis(dense, joined, axis=1))
    words = np.where(repeated, 0.0, np.take_along_axis(words, joined, axis=1))
    return np.where(repeated, -1, joined), dense, words
