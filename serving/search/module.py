"""The served search model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from serving.graph.answers import cut, text_variable, with_rows_of
from serving.graph.filters import CatalogueFilters
from serving.graph.lookup import IdLookup
from serving.graph.signatures import Signature, batch_of, trace
from serving.index.exact import RetrievalIndex, vectors_or_zeros
from serving.index.lexical import LexicalIndex, Postings
from serving.search.answer import SearchAnswers
from serving.search.explanation import WordExplanation
from serving.search.product_codes import ProductCodes
from serving.search.products import SearchedProducts
from serving.search.ranking import Fusion, Ranking
from serving.search.reading import QueryReader, beginning
from serving.signature_names import EMBED, EXPLAIN, FILTERED, SERVING_DEFAULT

SERVED_SIGNATURES = (SERVING_DEFAULT, FILTERED, EXPLAIN, EMBED)


class SearchModule(tf.Module):
    """Searches by meaning and by words at once; `serving.search.ranking.Ranking` says by which score.

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
        self.embedder = embedder
        self.query_embedder = query_embedder
        self.product_ids = text_variable(products.product_ids, "product_ids")
        self.titles = text_variable(products.titles, "titles")
        self.text_hashes = tf.Variable(np.asarray(products.text_hashes, np.int64), trainable=False)
        self.cluster_ids = tf.Variable(np.asarray(products.cluster_ids, np.int32), trainable=False)
        self.cluster_labels = text_variable(cluster_labels, "cluster_labels")
        self._products = IdLookup(products.product_ids, what="product id")
        self._filters = CatalogueFilters(products)
        lexical = LexicalIndex(postings)
        codes = ProductCodes(self.product_ids, text_variable(products.skus, "skus"))
        self._reader = QueryReader(query_embedder, lexical, codes)
        self._ranking = Ranking(index, lexical, fusion)
        self._explanation = WordExplanation(query_embedder, index, lexical, fusion)
        self._answers = SearchAnswers(self.product_ids, self.titles, self.cluster_ids, self.cluster_labels)
        self.product_vectors = tf.function(
            lambda indices: vectors_or_zeros(index, indices),
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
        return self._answers.of(*self._ranking.best(self._reader.read(query), tf.constant(self.default_k)))

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
        scores, indices = self._ranking.best(self._reader.read(query), tf.reduce_max(k), allowed)
        return self._answers.of(*cut(scores, indices, k))

    def search_weighted(
        self, query: tf.Tensor, k: tf.Tensor, dense: tf.Tensor, lexical: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `weighted`: each row with weights of its own for both sides, to compare them by."""
        k, dense, lexical = with_rows_of(query, k=k, dense=dense, lexical=lexical)
        read = self._reader.read(query)
        scores, indices = self._ranking.best(read, tf.reduce_max(k), fusion=Fusion(dense, lexical))
        return self._answers.of(*cut(scores, indices, k))

    def explain(self, query: tf.Tensor, product_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `explain`: what each word of a query adds to the score of a product; see `WordExplanation`."""
        (product_id,) = with_rows_of(query, product_id=product_id)
        return self._explanation.of(query, self._products.index_of(product_id))

    def embed(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `embed`: query vectors float32 `(batch, dimensions)` of length 1."""
        vectors, _ = self.query_embedder.embed(beginning(query))
        return {"embeddings": vectors}
