"""The order of a search's results: what both sides propose, by one score."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.top_k import top_k
from serving.index.exact import RetrievalIndex
from serving.index.lexical import LexicalIndex
from serving.search.product_codes import NamedProducts
from serving.search.proposals import without_repetitions
from serving.search.reading import ReadQuery

# Products that each side proposes, where no more are asked for.
CANDIDATES = 100


class Fusion(NamedTuple):
    """Weights of the two sides of the score.

    Attributes:
        dense: Weight of the cosine of query and product; 0.0 turns the side off. A float, or float32 `(batch,)`.
        lexical: Weight of BM25 as a share of the query's rarity, likewise.
    """

    dense: tf.Tensor | float
    lexical: tf.Tensor | float


class Ranking(tf.Module):
    """Finds the best products of queries.

    Both sides propose `CANDIDATES` products (or as many as are asked for), and those are ordered by
    `dense * cosine + lexical * BM25 / (sum of the inverse document frequencies of the query's known words)`. The
    division makes the lexical part the share of the query's rare words that a product has, whatever the query's length.

    A query that is a product's id or SKU finds that product first, whatever the weights: its score is raised above all
    that are possible, twice for the very id (see `serving.search.product_codes`). Filters hold for it too.

    Args:
        index: The products' vectors.
        lexical: The products' words.
        fusion: How both sides are combined.
    """

    def __init__(self, index: RetrievalIndex, lexical: LexicalIndex, fusion: Fusion) -> None:
        super().__init__(name="ranking")
        self._index, self._lexical, self._fusion = index, lexical, fusion

    def best(
        self, query: ReadQuery, k: tf.Tensor, allowed: tf.Tensor | None = None, fusion: Fusion | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the `k` best products of each query.

        Args:
            query: What is asked.
            k: int32 scalar.
            allowed: bool `(batch, products)`; None allows all.
            fusion: Weights other than the model's own.

        Returns:
            Scores and indices as `ExactIndex.search` gives them.
        """
        fusion = fusion or self._fusion
        size = self._lexical.size
        if allowed is not None:
            query = query._replace(named=_allowed_only(query.named, allowed))
        count = tf.clip_by_value(tf.maximum(k, CANDIDATES), 0, size)
        proposals = []
        if not _is_off(fusion.dense):
            _, nearest = self._index.search(query.vectors, count, allowed)
            proposals.append(tf.where(_column(fusion.dense) > 0.0, nearest, -1))
        if not _is_off(fusion.lexical):
            words = self._lexical.scores(query.word_ids)
            proposed, by_words = top_k(words if allowed is None else tf.where(allowed, words, -np.inf), count)
            proposals.append(tf.where((proposed > -np.inf) & (_column(fusion.lexical) > 0.0), by_words, -1))
        candidates = without_repetitions([*proposals, query.named.products])
        known = tf.maximum(candidates, 0)
        scores = tf.zeros(tf.shape(candidates))
        if not _is_off(fusion.dense):
            cosines = tf.einsum("bd,bwd->bw", query.vectors, self._index.vectors_at(known))
            scores += _column(fusion.dense) * cosines
        if not _is_off(fusion.lexical):
            shares = tf.math.divide_no_nan(1.0, query.rarity)
            scores += _column(fusion.lexical) * _column(shares) * tf.gather(words, known, batch_dims=1)
        # The products that are named are few: 0 or 1 of most queries.
        same = candidates[:, :, tf.newaxis] == query.named.products[:, tf.newaxis, :]
        closeness = tf.reduce_sum(tf.where(same, query.named.closeness[:, tf.newaxis, :], 0.0), axis=2)
        # A cosine lies between -1 and 1, and a share of BM25 between 0 and 1.
        scores += closeness * (1.0 + 2.0 * _column(fusion.dense) + _column(fusion.lexical))
        scores = tf.where((candidates >= 0) & (query.asks[:, tf.newaxis] | (closeness > 0.0)), scores, -np.inf)
        best, places = tf.math.top_k(scores, tf.clip_by_value(k, 0, size))
        indices = tf.gather(candidates, places, batch_dims=1)
        return best, tf.where(best > -np.inf, indices, -1)


def _allowed_only(named: NamedProducts, allowed: tf.Tensor) -> NamedProducts:
    if_known = tf.gather(allowed, tf.maximum(named.products, 0), batch_dims=1)
    return named._replace(products=tf.where(if_known, named.products, -1))


def _is_off(weight: tf.Tensor | float) -> bool:
    return isinstance(weight, float) and weight == 0.0


def _column(weight: tf.Tensor | float) -> tf.Tensor:
    """Returns a weight, or one a row, as `(1, 1)` or `(batch, 1)`."""
    return tf.reshape(weight, [-1, 1])
