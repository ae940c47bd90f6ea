"""How well texts answer queries: what both sides propose, by one score."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.top_k import top_k
from serving.index.exact import RetrievalIndex
from serving.index.lexical import LexicalIndex
from serving.search.proposals import without_repetitions
from serving.search.reading import ReadQuery

# Texts that each side proposes, where no more are asked for.
CANDIDATES = 100


class Fusion(NamedTuple):
    """Weights of the two sides of the score.

    Attributes:
        dense: Weight of the cosine of query and text; 0.0 turns the side off. A float, or float32 `(batch,)`.
        lexical: Weight of BM25 as a share of the query's rarity, likewise.
    """

    dense: tf.Tensor | float
    lexical: tf.Tensor | float


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

    Both sides propose some texts, and those are scored by
    `dense * cosine + lexical * BM25 / (sum of the inverse document frequencies of the query's known words)`. The
    division makes the lexical part the share of the query's rare words that a text has, whatever the query's length.

    A query that is a product's id or SKU finds that product first, whatever the weights: its score is raised above all
    that are possible, twice for the very id (see `serving.search.product_codes`).

    Args:
        index: The texts' vectors.
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
        words = None if _is_off(fusion.lexical) else self._lexical.scores(query.word_ids)
        proposals = self._proposals(query, words, tf.minimum(count, self._lexical.size), allowed, fusion)
        texts = without_repetitions(proposals)
        named = query.named
        named_texts = tf.gather(self._text_of_product, tf.maximum(named.products, 0))
        every = tf.concat([tf.maximum(texts, 0), named_texts], axis=1)
        scores = tf.zeros(tf.shape(every))
        if not _is_off(fusion.dense):
            cosines = tf.einsum("bd,bwd->bw", query.vectors, self._index.vectors_at(every))
            scores += _column(fusion.dense) * cosines
        if words is not None:
            shares = tf.math.divide_no_nan(1.0, query.rarity)
            scores += _column(fusion.lexical) * _column(shares) * tf.gather(words, every, batch_dims=1)
        width = tf.shape(texts)[1]
        # A cosine lies between -1 and 1, and a share of BM25 between 0 and 1.
        raised = scores[:, width:] + named.closeness * (1.0 + 2.0 * _column(fusion.dense) + _column(fusion.lexical))
        return RankedTexts(
            texts,
            tf.where((texts >= 0) & query.asks[:, tf.newaxis], scores[:, :width], -np.inf),
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


def _is_off(weight: tf.Tensor | float) -> bool:
    return isinstance(weight, float) and weight == 0.0


def _column(weight: tf.Tensor | float) -> tf.Tensor:
    """Returns a weight, or one a row, as `(1, 1)` or `(batch, 1)`."""
    return tf.reshape(weight, [-1, 1])
