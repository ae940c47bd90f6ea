"""How well texts answer queries: what both sides propose, by one score."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.top_k import top_k
from serving.index.exact import RetrievalIndex
from serving.index.lexical import LexicalIndex
from serving.search.reading import ReadQuery

# Texts that each side proposes, where no more are asked for.
CANDIDATES = 100
# Texts whose mean vector says once more what a query means.
FEEDBACK_TEXTS = 20
# Vectors of texts are no longer; those of queries have length 1.
LONGEST_VECTOR = 2.0


class Fusion(NamedTuple):
    """Weights of the two sides of the score.

    Attributes:
        dense: Weight of the dot product of query and text; 0.0 turns the side off. A float, or float32 `(batch,)`.
        lexical: Weight of the score by words, likewise.
        feedback: Weight of a text's dot product with the mean vector of the best texts; 0.0 turns it off, and so does a
            dense side that is off.
    """

    dense: tf.Tensor | float
    lexical: tf.Tensor | float
    feedback: float = 0.0


class RankedTexts(NamedTuple):
    """Texts that answer queries, in no order, and products that queries name.

    Attributes:
        texts: int32 `(batch, any width)`, each once a row; -1 for none.
        scores: float32, likewise; -inf for none.
        named: int32 `(batch, few)` products; -1 for none.
        named_scores: float32, likewise; -inf for none.
        complete: bool `(batch,)`: whether no other text could be an answer.
    """

    texts: tf.Tensor
    scores: tf.Tensor
    named: tf.Tensor
    named_scores: tf.Tensor
    complete: tf.Tensor


class Ranking(tf.Module):
    """Finds the best texts for queries.

    Both sides propose some texts, and those are scored by `dense * dot product + lexical * score by words`, the latter
    being what `serving.index.lexical.LexicalIndex.scores` says, from 0 to 1. Then what the best of them are about
    counts: `feedback * (text . mean vector of the FEEDBACK_TEXTS best)` (after Rocchio, "Relevance feedback in
    information retrieval", 1971). A text that only has a word of the query is far from what the others are about.

    A query that is a product's id or SKU finds that product first, whatever the weights: its score is raised above all
    that are possible, twice for the very id (see `serving.search.product_codes`).

    Args:
        index: The texts' vectors, at most `LONGEST_VECTOR` long.
        lexical: The texts' words.
        fusion: How both sides are combined.
        text_of_product: int32 `(products,)`.
    """

    def __init__(
        self, index: RetrievalIndex, lexical: LexicalIndex, fusion: Fusion, text_of_product: tf.Variable
    ) -> None:
        super().__init__(name="ranking")
        self._index, self._lexical, self._fusion = index, lexical, fusion
        self._text_of_product = text_of_product

    def rank(
        self, query: ReadQuery, count: tf.Tensor, allowed: tf.Tensor | None = None, fusion: Fusion | None = None
    ) -> RankedTexts:
        """Ranks the texts that either side proposes.

        Args:
            query: What is asked.
            count: int32 scalar from 1 on: texts that each side proposes.
            allowed: bool `(batch, texts)`; None allows all.
            fusion: Weights other than the model's own.
        """
        fusion = fusion or self._fusion
        words = None if _is_off(fusion.lexical) else self._lexical.scores(query.words)
        proposals = self._proposals(query, words, tf.minimum(count, self._lexical.size), allowed, fusion)
        texts = _without_repetitions(proposals)
        named = query.named
        named_texts = tf.gather(self._text_of_product, tf.maximum(named.products, 0))
        every = tf.concat([tf.maximum(texts, 0), named_texts], axis=1)
        width = tf.shape(texts)[1]
        answers = (texts >= 0) & query.asks[:, tf.newaxis]
        scores = tf.zeros(tf.shape(every))
        vectors = None if _is_off(fusion.dense) else self._index.vectors_at(every)
        if vectors is not None:
            scores += _column(fusion.dense) * tf.einsum("bd,bwd->bw", query.vectors, vectors)
        if words is not None:
            scores += _column(fusion.lexical) * tf.gather(words, every, batch_dims=1)
        if vectors is not None and not _is_off(fusion.feedback):
            best = _mean_of_best(tf.where(answers, scores[:, :width], -np.inf), vectors)
            scores += fusion.feedback * tf.einsum("bd,bwd->bw", best, vectors)
        # Scores by words lie between 0 and 1.
        by_vectors = LONGEST_VECTOR * _column(fusion.dense) + LONGEST_VECTOR**2 * fusion.feedback
        most = 1.0 + 2.0 * by_vectors + _column(fusion.lexical)
        raised = scores[:, width:] + named.closeness * most
        return RankedTexts(
            texts,
            tf.where(answers, scores[:, :width], -np.inf),
            named.products,
            tf.where(named.products >= 0, raised, -np.inf),
            (proposals[0][:, -1] < 0) | ~query.asks,
        )

    def _proposals(
        self,
        query: ReadQuery,
        words: tf.Tensor | None,
        count: tf.Tensor,
        allowed: tf.Tensor | None,
        fusion: Fusion,
    ) -> list[tf.Tensor]:
        """Returns the texts that each side proposes, int32 `(batch, count)`; -1 for none."""
        proposals = []
        if not _is_off(fusion.dense):
            _, nearest = self._index.search(query.vectors, count, allowed)
            proposals.append(tf.where(_column(fusion.dense) > 0.0, nearest, -1))
        if words is not None:
            proposed, by_words = top_k(words if allowed is None else tf.where(allowed, words, -np.inf), count)
            proposals.append(tf.where((proposed > -np.inf) & (_column(fusion.lexical) > 0.0), by_words, -1))
        return proposals


def _without_repetitions(proposals: Sequence[tf.Tensor]) -> tf.Tensor:
    """Joins lists of indices `(batch, width)`, each without repetitions; one that an earlier list has becomes -1.

    The first list has a column at least.
    """
    joined = proposals[0]
    for proposal in proposals[1:]:
        # Sorted, since to compare each with each would take the square of the width.
        known = tf.sort(joined, axis=1)
        places = tf.minimum(tf.searchsorted(known, proposal), tf.shape(known)[1] - 1)
        repeated = tf.gather(known, places, batch_dims=1) == proposal
        joined = tf.concat([joined, tf.where(repeated, -1, proposal)], axis=1)
    return joined


def _mean_of_best(scores: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
    """Returns the mean vector of the texts with the best scores, float32 `(batch, dimensions)`; 0 where there is none.

    Args:
        scores: float32 `(batch, width)`; -inf for what does not count.
        vectors: float32 `(batch, width or more, dimensions)`.
    """
    best, places = tf.math.top_k(scores, tf.minimum(FEEDBACK_TEXTS, tf.shape(scores)[1]), sorted=False)
    counts = tf.cast(best > -np.inf, tf.float32)
    total = tf.einsum("bw,bwd->bd", counts, tf.gather(vectors, places, batch_dims=1))
    return tf.math.divide_no_nan(total, tf.reduce_sum(counts, axis=1, keepdims=True))


def _is_off(weight: tf.Tensor | float) -> bool:
    return isinstance(weight, float) and weight == 0.0


def _column(weight: tf.Tensor | float) -> tf.Tensor:
    """Returns a weight, or one a row, as `(1, 1)` or `(batch, 1)`."""
    return tf.reshape(weight, [-1, 1])
