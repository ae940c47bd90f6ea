"""The served search model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import cut, text_variable, texts_at, with_rows_of
from serving.graph.catalogue import ServedProducts
from serving.graph.filters import CatalogueFilters
from serving.graph.lookup import IdLookup
from serving.graph.signatures import Signature, batch_of, trace
from serving.graph.spelling import readable
from serving.graph.top_k import top_k
from serving.graph.words import index_words, plain_words, unspaced_pairs
from serving.index.exact import RetrievalIndex, vectors_or_zeros
from serving.index.lexical import LexicalIndex, Postings
from serving.search.product_codes import NamedProducts, ProductCodes
from serving.search.proposals import without_repetitions
from serving.signature_names import EMBED, EXPLAIN, FILTERED, SERVING_DEFAULT

# Of a longer query the beginning is read.
MAX_QUERY_CHARACTERS = 1_000
MAX_QUERY_WORDS = 64
SERVED_SIGNATURES = (SERVING_DEFAULT, FILTERED, EXPLAIN, EMBED)
# Words that `explain` speaks of; each costs one text more to encode.
MAX_EXPLAINED_WORDS = 32
# Products that each side proposes, where no more are asked for.
CANDIDATES = 100


@dataclass(frozen=True, kw_only=True)
class SearchedProducts(ServedProducts):
    """What a served search model knows of the products; row i of every field is product i.

    Attributes:
        skus: What each is called in the shop, beside its id; empty for none.
        text_hashes: int64 `(products,)`: tells whether a product's text has changed.
        cluster_ids: int32 `(products,)`: the cluster of each.
    """

    skus: Sequence[bytes]
    text_hashes: ArrayLike
    cluster_ids: ArrayLike


class Fusion(NamedTuple):
    """Weights of the two sides of the score.

    Attributes:
        dense: Weight of the cosine of query and product; 0.0 turns the side off. A float, or float32 `(batch,)`.
        lexical: Weight of BM25 as a share of the query's rarity, likewise.
    """

    dense: tf.Tensor | float
    lexical: tf.Tensor | float


class _Query(NamedTuple):
    vectors: tf.Tensor
    word_ids: Any
    rarity: tf.Tensor
    named: NamedProducts
    asks: tf.Tensor


class SearchModule(tf.Module):
    """Searches by meaning and by words at once.

    Both sides propose `CANDIDATES` products (or as many as are asked for), and those are ordered by
    `dense * cosine + lexical * BM25 / (sum of the inverse document frequencies of the query's known words)`. The
    division makes the lexical part the share of the query's rare words that a product has, whatever the query's length.

    A query that is a product's id or SKU finds that product first, whatever the weights: its score is raised above all
    that are possible, twice for the very id (see `serving.search.product_codes`). Filters hold for it too.

    A query of which neither side knows a thing (empty, emoji, an unknown script) has no answer: all columns are "" and
    -inf. Answers have the columns product_ids, scores, titles, cluster_ids and cluster_labels.

    Args:
        products: The catalogue.
        cluster_labels: What its clusters are called, one a cluster.
        embedder: Made the products' vectors, and will those of other products. Its `embed` is what
            `serving.graph.text_embedder.TextEmbedder` says; that of a loaded SavedModel will do.
        query_embedder: Likewise, for queries; may be the same.
        index: The products' vectors.
        postings: The products' words.
        fusion: How both sides are combined.
        default_k: Products that `serving_default` answers.
    """

    def __init__(
        self,
        products: SearchedProducts,
        *,
        cluster_labels: Sequence[bytes],
        embedder: Any,
        query_embedder: Any,
        index: RetrievalIndex,
        postings: Postings,
        fusion: Fusion,
        default_k: int,
    ) -> None:
        super().__init__(name="search")
        self.default_k = default_k
        self.size = len(products.product_ids)
        self.embedder = embedder
        self.query_embedder = query_embedder
        self._index = index
        self._lexical = LexicalIndex(postings)
        self._fusion = fusion
        self._products = IdLookup(products.product_ids, what="product id")
        self._filters = CatalogueFilters(products)
        self.product_ids = text_variable(products.product_ids, "product_ids")
        self.titles = text_variable(products.titles, "titles")
        self._codes = ProductCodes(self.product_ids, text_variable(products.skus, "skus"))
        self.text_hashes = tf.Variable(np.asarray(products.text_hashes, np.int64), trainable=False)
        self.cluster_ids = tf.Variable(np.asarray(products.cluster_ids, np.int32), trainable=False)
        self.cluster_labels = text_variable(cluster_labels, "cluster_labels")
        self.product_vectors = tf.function(
            lambda indices: vectors_or_zeros(self._index, indices),
            input_signature=[tf.TensorSpec([None], tf.int32, "indices")],
        )

    def signatures(self, *names: str) -> dict[str, Any]:
        """Traces signatures, to be handed to `tf.saved_model.save` with this module.

        Args:
            names: Those that are wanted; all that are served where none is named.
        """
        query, k = batch_of("query", tf.string), batch_of("k", tf.int32)
        weights = batch_of("dense", tf.float32) | batch_of("lexical", tf.float32)
        every: dict[str, Signature] = {
            SERVING_DEFAULT: (self.search, query),
            FILTERED: (self.search_filtered, query | k | CatalogueFilters.INPUTS),
            EXPLAIN: (self.explain, query | batch_of("product_id", tf.string)),
            EMBED: (self.embed, query),
            "weighted": (self.search_weighted, query | k | weights),
        }
        return trace({name: every[name] for name in names or SERVED_SIGNATURES})

    def search(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: the `default_k` best products for each query `(batch,)`."""
        return self._answer(*self._retrieve(self._read(query), tf.constant(self.default_k)))

    def search_filtered(
        self,
        query: tf.Tensor,
        k: tf.Tensor,
        category: tf.Tensor,
        max_price: tf.Tensor,
        in_stock_only: tf.Tensor,
        exclude_ids: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Signature `filtered`: as wide as the largest k of the batch; see `filters` for what each filter means."""
        k, category, max_price, in_stock_only, exclude_ids = with_rows_of(
            query, k=k, category=category, max_price=max_price, in_stock_only=in_stock_only, exclude_ids=exclude_ids
        )
        allowed = self._filters.allowed(category, max_price, in_stock_only, self._products.index_of(exclude_ids))
        scores, indices = self._retrieve(self._read(query), tf.reduce_max(k), allowed)
        return self._answer(*cut(scores, indices, k))

    def search_weighted(
        self, query: tf.Tensor, k: tf.Tensor, dense: tf.Tensor, lexical: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `weighted`: each row with weights of its own for both sides, to compare them by."""
        k, dense, lexical = with_rows_of(query, k=k, dense=dense, lexical=lexical)
        scores, indices = self._retrieve(self._read(query), tf.reduce_max(k), fusion=Fusion(dense, lexical))
        return self._answer(*cut(scores, indices, k))

    def explain(self, query: tf.Tensor, product_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `explain`: what each word of a query adds to the score of a product.

        Words come in the query's order, in scripts without spaces followed by the pairs of neighbours. `lexical` sums
        to the lexical part of the score, unless a query has more words than `MAX_EXPLAINED_WORDS`. `dense` is what the
        dense part loses without the word, 0 for pairs. Columns past a row's words, and the words of a product that the
        catalogue lacks, are "" and 0.
        """
        (product_id,) = with_rows_of(query, product_id=product_id)
        product = self._products.index_of(product_id)
        shown = (product >= 0)[:, tf.newaxis]
        every = plain_words(_beginning(query))
        plain = every[:, :MAX_EXPLAINED_WORDS]
        words = tf.concat([plain, unspaced_pairs(plain)], axis=1).to_tensor("")
        word_ids = self._lexical.word_ids(index_words(plain))
        asked = self._lexical.word_ids(index_words(every[:, :MAX_QUERY_WORDS]))
        shares = tf.math.divide_no_nan(self._fusion.lexical, self._lexical.rarity(asked))
        lexical = self._lexical.word_scores(word_ids, product).to_tensor(0.0) * _column(shares)
        dense = self._dense_losses(plain.to_tensor(""), product)
        dense = tf.pad(dense, [[0, 0], [0, tf.shape(words)[1] - tf.shape(dense)[1]]])
        return {
            "words": tf.where(shown, words, ""),
            "lexical": tf.where(shown, lexical, 0.0),
            "dense": tf.where(shown, dense, 0.0),
        }

    def embed(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `embed`: query vectors float32 `(batch, dimensions)` of length 1."""
        vectors, _ = self.query_embedder.embed(_beginning(query))
        return {"embeddings": vectors}

    def _read(self, query: tf.Tensor) -> _Query:
        text = _beginning(query)
        vectors, known = self.query_embedder.embed(text)
        words = plain_words(text)[:, :MAX_QUERY_WORDS]
        word_ids = self._lexical.word_ids(index_words(words))
        rarity = self._lexical.rarity(word_ids)
        # Punctuation is known to most encoders, but asks for nothing.
        asks = (words.row_lengths() > 0) & (known | (rarity > 0.0))
        return _Query(vectors, word_ids, rarity, self._codes.find(text), asks)

    def _retrieve(
        self, query: _Query, k: tf.Tensor, allowed: tf.Tensor | None = None, fusion: Fusion | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the `k` best products of each query: scores and indices as `ExactIndex.search` gives them."""
        fusion = fusion or self._fusion
        if allowed is not None:
            query = query._replace(named=_allowed_only(query.named, allowed))
        count = tf.clip_by_value(tf.maximum(k, CANDIDATES), 0, self.size)
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
        best, places = tf.math.top_k(scores, tf.clip_by_value(k, 0, self.size))
        indices = tf.gather(candidates, places, batch_dims=1)
        return best, tf.where(best > -np.inf, indices, -1)

    def _dense_losses(self, words: tf.Tensor, product: tf.Tensor) -> tf.Tensor:
        """Returns what the dense score loses without each of the words, string `(batch, width)`; 0 for ""."""
        rows, width = tf.unstack(tf.shape(words))
        left_out = tf.eye(width, dtype=tf.bool)
        without = tf.strings.reduce_join(tf.where(left_out, "", words[:, tf.newaxis, :]), axis=2, separator=" ")
        whole = tf.strings.reduce_join(words, axis=1, separator=" ")[:, tf.newaxis]
        vectors, _ = self.query_embedder.embed(tf.reshape(tf.concat([whole, without], axis=1), [-1]))
        vectors = tf.reshape(vectors, [rows, width + 1, -1])
        scores = self._fusion.dense * tf.einsum("bwd,bd->bw", vectors, vectors_or_zeros(self._index, product))
        return tf.where(words == "", 0.0, scores[:, :1] - scores[:, 1:])

    def _answer(self, scores: tf.Tensor, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        found = indices >= 0
        clusters = tf.where(found, tf.gather(self.cluster_ids, tf.maximum(indices, 0)), -1)
        return {
            "product_ids": texts_at(self.product_ids, indices),
            "scores": scores,
            "titles": texts_at(self.titles, indices),
            "cluster_ids": clusters,
            "cluster_labels": texts_at(self.cluster_labels, clusters),
        }


def _beginning(query: tf.Tensor) -> tf.Tensor:
    return tf.strings.substr(readable(query), 0, MAX_QUERY_CHARACTERS, unit="UTF8_CHAR")


def _allowed_only(named: NamedProducts, allowed: tf.Tensor) -> NamedProducts:
    if_known = tf.gather(allowed, tf.maximum(named.products, 0), batch_dims=1)
    return named._replace(products=tf.where(if_known, named.products, -1))


def _is_off(weight: tf.Tensor | float) -> bool:
    return isinstance(weight, float) and weight == 0.0


def _column(weight: tf.Tensor | float) -> tf.Tensor:
    """Returns a weight, or one a row, as `(1, 1)` or `(batch, 1)`."""
    return tf.reshape(weight, [-1, 1])
