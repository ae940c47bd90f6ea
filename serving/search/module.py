"""The served search model: its signatures, as clients of stock TF Serving see them."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import at_most, cut, text_variable, with_rows_of
from serving.graph.filters import CatalogueFilters
from serving.graph.lookup import IdLookup
from serving.graph.signatures import Signature, batch_of, trace
from serving.index.exact import RetrievalIndex, vectors_or_zeros
from serving.index.lexical import LexicalIndex, Postings
from serving.max_k import DEFAULT_MAX_K
from serving.search.answer import SearchAnswers
from serving.search.correction import Corrections, SpellingCorrection
from serving.search.explanation import WordExplanation
from serving.search.groups import GroupNames, ResultGroups
from serving.search.product_codes import ProductCodes
from serving.search.products import SearchedProducts
from serving.search.query_embedder import QueryEmbedder
from serving.search.ranking import CANDIDATES, Fusion, Ranking
from serving.search.reading import QueryReader, ReadQuery, beginning
from serving.search.things import Found, PassingProducts, Things
from serving.signature_names import EMBED, EVALUATE, EXPLAIN, FILTERED, SERVING_DEFAULT

# Things that are grouped, however few of them an answer shows.
GROUPED = 100
SERVED_SIGNATURES = (SERVING_DEFAULT, FILTERED, EXPLAIN, EMBED, EVALUATE)


class SearchModule(tf.Module):
    """Searches by meaning and by words at once; `serving.search.ranking.Ranking` says by which score.

    Texts are ranked, each once however many products have it; `serving.search.things.Things` then finds the products
    that an answer lists, one for each thing.

    A query of which neither side knows a thing (empty, emoji, an unknown script) has no answer: all columns are "" and
    -inf. Answers have the columns product_ids, scores, titles, variants, cluster_ids and cluster_labels.

    Args:
        products: The catalogue.
        text_hashes: int64 `(texts,)`: tells whether a text with its categories is known; kept for the next catalogue.
        groups: What the products that a query found are grouped by.
        embedder: Made the products' vectors, and will those of other products. Its `embed` is what
            `serving.graph.text_embedder.TextEmbedder` says; that of a loaded SavedModel will do.
        query_embedder: Likewise, for queries; may be the same. Where it is another, queries with words that neither the
            catalogue nor `embedder` has are read by `embedder` all the same (`serving.search.query_embedder`).
        index: The texts' vectors.
        postings: The texts' words.
        corrections: How they are spelt.
        known_words: int64 hashes of the words that the encoder knows; kept for the next catalogue.
        fusion: How both sides are combined.
        default_k: Products that `serving_default` answers.
        max_k: Most products that a request gets.
    """

    def __init__(
        self,
        products: SearchedProducts,
        *,
        text_hashes: ArrayLike,
        groups: GroupNames,
        embedder: Any,
        query_embedder: Any,
        index: RetrievalIndex,
        postings: Postings,
        corrections: Corrections,
        known_words: ArrayLike,
        fusion: Fusion,
        default_k: int,
        max_k: int = DEFAULT_MAX_K,
    ) -> None:
        super().__init__(name="search")
        self.default_k = default_k
        self.max_k = max_k
        self.embedder = embedder
        self.query_embedder = query_embedder
        self.product_ids = text_variable(products.product_ids, "product_ids")
        self.titles = text_variable(products.titles, "titles")
        self.text_hashes = tf.Variable(np.asarray(text_hashes, np.int64), trainable=False)
        self.known_words = tf.Variable(np.asarray(known_words, np.int64), trainable=False)
        text_of_product = np.asarray(products.text_of_product, np.int32)
        self.text_of_product = tf.Variable(text_of_product, trainable=False)
        self._products = IdLookup(products.product_ids, what="product id")
        self._things = Things(text_of_product, np.asarray(products.thing_of_product))
        self._every_product = Things(text_of_product, np.arange(len(text_of_product)))
        self._filters = CatalogueFilters(products.take(self._things.order))
        lexical = LexicalIndex(postings)
        codes = ProductCodes(self.product_ids, text_variable(products.skus, "skus"))
        read_by = QueryEmbedder(query_embedder, embedder)
        self._reader = QueryReader(read_by, lexical, SpellingCorrection(corrections), codes)
        self._ranking = Ranking(index, lexical, fusion, self.text_of_product)
        self._explanation = WordExplanation(read_by, index, lexical, self._reader, fusion)
        self._answers = SearchAnswers(self.product_ids, self.titles)
        self._groups = ResultGroups(groups, index)
        self.text_vectors = tf.function(
            lambda rows: vectors_or_zeros(index, rows), input_signature=[tf.TensorSpec([None], tf.int32, "rows")]
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
            EVALUATE: (self.evaluate, query | k),
            "weighted": (self.search_weighted, query | k | weights),
        }
        return trace({name: every[name] for name in names or SERVED_SIGNATURES})

    def search(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: the `default_k` best things for each query `(batch,)`."""
        passing = self._things.passing()
        width = tf.constant(self.default_k)
        found = self._find(self._reader.read(query), width, self._things, passing, grouped=GROUPED)
        return self._grouped_answer(query, found, tf.fill([tf.shape(query)[0]], width), width, passing)

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
        k = at_most(k, self.max_k)
        excluded = self._things.places_of(self._products.index_of(exclude_ids))
        passing = self._things.passing(self._filters.allowed(category, max_price, in_stock_only, excluded))
        width = tf.reduce_max(k)
        found = self._find(self._reader.read(query), width, self._things, passing, grouped=GROUPED)
        return self._grouped_answer(query, found, k, width, passing)

    def evaluate(self, query: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: the best products, each on its own and whatever it is like: how rankings are judged."""
        (k,) = with_rows_of(query, k=k)
        return self._answers.ids_of(*self._best_products(query, k))

    def search_weighted(
        self, query: tf.Tensor, k: tf.Tensor, dense: tf.Tensor, lexical: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `weighted`: as `evaluate`, each row with weights of its own for both sides, to compare them by."""
        k, dense, lexical = with_rows_of(query, k=k, dense=dense, lexical=lexical)
        return self._answers.ids_of(*self._best_products(query, k, Fusion(dense, lexical)))

    def explain(self, query: tf.Tensor, product_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `explain`: what each word of a query adds to the score of a product; see `WordExplanation`."""
        (product_id,) = with_rows_of(query, product_id=product_id)
        product = self._products.index_of(product_id)
        text = tf.where(product >= 0, tf.gather(self.text_of_product, tf.maximum(product, 0)), -1)
        return self._explanation.of(query, text)

    def embed(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `embed`: query vectors float32 `(batch, dimensions)` of length 1."""
        return {"embeddings": self._reader.vectors(query)}

    def _best_products(
        self, query: tf.Tensor, k: tf.Tensor, fusion: Fusion | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and products `(batch, largest k)`; -inf and -1 in a row's columns past its own k."""
        k = at_most(k, self.max_k)
        every = self._every_product
        found = self._find(self._reader.read(query), tf.reduce_max(k), every, every.passing(), fusion)
        return cut(found.scores, found.products, k)

    def _grouped_answer(
        self, query: tf.Tensor, found: Found, k: tf.Tensor, width: tf.Tensor, passing: PassingProducts
    ) -> dict[str, tf.Tensor]:
        """Groups all that was found, and answers the first int32 `(batch,)` k of each row in so many columns."""
        texts = tf.gather(self.text_of_product, tf.maximum(found.products, 0))
        groups = self._groups.group(beginning(query), found.products, texts, k)
        found = found.cut(width)
        scores, products = cut(found.scores, found.products, k)
        variants = self._things.variants(found._replace(scores=scores, products=products), passing)
        return self._answers.of(scores, products, variants, groups)

    def _find(
        self,
        query: ReadQuery,
        k: tf.Tensor,
        things: Things,
        passing: PassingProducts,
        fusion: Fusion | None = None,
        grouped: int = 0,
    ) -> Found:
        """Finds the `k` best things of each query, or all that pass where there are fewer.

        After those come the next best, up to `grouped` in all where as many come along.
        """
        query = query._replace(named=query.named._replace(products=things.only_passing(query.named.products, passing)))
        needed = tf.clip_by_value(k, 1, things.size)
        width = tf.clip_by_value(tf.maximum(k, grouped), 1, things.size)

        def find(looked_at: tf.Tensor) -> tuple[Found, tf.Tensor]:
            """Returns what so many texts of each side hold, and whether a row may need more texts for that."""
            ranked = self._ranking.rank(query, looked_at, passing.texts.mask, fusion)
            found = things.best(ranked, passing, looked_at, width)
            return found, tf.reduce_any((found.products[:, needed - 1] < 0) & ~ranked.complete)

        found, too_few = find(tf.maximum(width, CANDIDATES))
        if not things.one_entry_each:
            found = Found(*tf.cond(too_few, lambda: find(things.enough(needed))[0], lambda: found))
        return found.cut(tf.maximum(k, grouped))
