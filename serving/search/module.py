"""The served search model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import at_most, cut, text_variable, texts_at, with_rows_of
from serving.graph.filters import CatalogueFilters
from serving.graph.history import HistoryReader, history_specs
from serving.graph.lookup import IdLookup
from serving.graph.signatures import Signature, batch_of, trace
from serving.index.exact import RetrievalIndex, vectors_or_zeros
from serving.index.lexical import LexicalIndex, Postings
from serving.max_k import DEFAULT_MAX_K
from serving.merchant.pins import HoldingPins
from serving.merchant.word import SAYS_NOTHING, MerchantWord
from serving.pictures.search import PictureFacts, PictureSearch
from serving.search.answer import FoundWithPins, SearchAnswers
from serving.search.correction import Corrections, SpellingCorrection
from serving.search.explanation import WordExplanation
from serving.search.finding import find, find_ranked
from serving.search.grouping.groups import GroupNames, ResultGroups
from serving.search.listing import GROUPED, Listed, Listing
from serving.search.personal.reranking import PersonalModel, PersonalReranker
from serving.search.pins import SearchPins
from serving.search.product_codes import ProductCodes
from serving.search.products import SearchedProducts
from serving.search.query_embedder import QueryEmbedder
from serving.search.ranking import Fusion, RankedTexts, Ranking
from serving.search.reading import QueryReader, ReadQuery
from serving.search.synonyms import SynonymReader
from serving.search.things import Found, Things
from serving.search.wishes.denials import Denials
from serving.search.wishes.facts import WishFacts
from serving.search.wishes.filter import WishFilter
from serving.search.wishes.reader import WishReader
from serving.search.wishes.refining import beside, refined
from serving.search.wishes.wish import Wish, cond_wish
from serving.signature_names import (
    BY_IMAGE,
    EMBED,
    EVALUATE,
    EXPLAIN,
    FILTERED,
    PERSONAL,
    PRODUCT_FACTS,
    REFINED,
    SERVING_DEFAULT,
)

# Products that facts are asked of at once.
MAX_FACTS = 100
# Stands for a price that is not known.
NO_PRICE = -1.0
SERVED_SIGNATURES = (SERVING_DEFAULT, FILTERED, REFINED, EXPLAIN, PRODUCT_FACTS, EMBED, EVALUATE)


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
        query_embedder: Likewise, for queries; may be the same. Where it is another, queries with words that the
            catalogue lacks are read by `embedder` all the same (`serving.search.query_embedder`).
        index: The texts' vectors.
        postings: The texts' words.
        corrections: How they are spelt.
        known_words: int64 hashes of the words that the encoder knows; kept for the next catalogue.
        right_words: int64 hashes of other words that are spelt right; likewise.
        synonyms: What the catalogue calls the nouns that it lacks, as `SynonymReader` wants it.
        wishes: What limits in queries are held against.
        merchant: What the merchant says; his synonyms count before others.
        fusion: How both sides are combined.
        default_k: Products that `serving_default` answers.
        max_k: Most products that a request gets.
        undisguises: Whether disguised queries are read as they are meant; see `QueryReader.beginning`.
        pictures: What is known of the products' pictures, with what embeds others' (`PictureSearch.picture_embedder`
            says what that is); None where the shop has none, and no signature `by_image` then.
        personal: What was learned of who asks; None where nothing was, and no signature `personal` then.
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
        right_words: ArrayLike,
        synonyms: Mapping[str, str],
        wishes: WishFacts,
        merchant: MerchantWord = SAYS_NOTHING,
        fusion: Fusion,
        default_k: int,
        max_k: int = DEFAULT_MAX_K,
        undisguises: bool = False,
        pictures: tuple[PictureFacts, Any] | None = None,
        personal: PersonalModel | None = None,
    ) -> None:
        super().__init__(name="search")
        self.default_k = default_k
        self.max_k = max_k
        self.embedder = embedder
        self.query_embedder = query_embedder
        self.product_ids = text_variable(products.product_ids, "product_ids")
        self.titles = text_variable(products.titles, "titles")
        self.prices = tf.Variable(np.asarray(products.prices, np.float32), trainable=False)
        self.text_hashes = tf.Variable(np.asarray(text_hashes, np.int64), trainable=False)
        self.known_words = tf.Variable(np.asarray(known_words, np.int64), trainable=False)
        self.right_words = tf.Variable(np.asarray(right_words, np.int64), trainable=False)
        # The merchant's own are left out of the next catalogue's, which he may call otherwise.
        self.merchant_terms = text_variable([term.encode() for term in merchant.synonyms], "merchant_terms")
        self.synonyms = SynonymReader({**synonyms, **merchant.synonyms})
        text_of_product = np.asarray(products.text_of_product, np.int32)
        self.text_of_product = tf.Variable(text_of_product, trainable=False)
        self._products = IdLookup(products.product_ids, what="product id")
        self._things = Things(text_of_product, np.asarray(products.thing_of_product))
        self._every_product = Things(text_of_product, np.arange(len(text_of_product)))
        self._filters = CatalogueFilters(products.take(self._things.order))
        lexical = LexicalIndex(postings)
        codes = ProductCodes(self.product_ids, text_variable(products.skus, "skus"))
        read_by = QueryEmbedder(query_embedder, embedder)
        self._reader = QueryReader(
            read_by, lexical, self.synonyms, SpellingCorrection(corrections), codes, undisguises=undisguises
        )
        denials = Denials(wishes, lexical.size)
        self._wishes = WishReader(wishes, lexical, denials)
        limits = WishFilter(wishes, lexical, denials, text_of_product, self._things.order)
        self._ranking = Ranking(index, lexical, fusion, self.text_of_product)
        self._explanation = WordExplanation(read_by, index, lexical, self._reader, fusion)
        self.pictures = None if pictures is None else PictureSearch(*pictures, index, self.text_of_product)
        self._pins = SearchPins(merchant.pins, products.product_ids, self.synonyms, self._reader, self._things)
        self._listing = Listing(self._ranking, self._things, limits, self._pins)
        self._personal = personal
        if personal is not None:
            self._history = HistoryReader(self._products, personal.event_types, personal.bought_event_type)
            self._reranker = PersonalReranker(personal, lambda products: self._vectors_of(index, products))
            self.personal_feature_names = self._reranker.feature_names
        self._answers = SearchAnswers(self.product_ids, self.titles)
        self._groups = ResultGroups(groups, index)
        # What several signatures do is traced, saved and loaded once.
        texts, numbers = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, None], tf.int32)
        mask = tf.TensorSpec([None, len(text_of_product)], tf.bool)
        self._read_wish = _shared(lambda query: self._wishes.read(self._reader.beginning(query)), texts)
        self._read = _shared(self._reader.read, texts)
        self._list_within = _shared(
            self._listing.within, ReadQuery.spec(), Wish.spec(), HoldingPins.spec(), tf.TensorSpec([], tf.int32), mask
        )
        self._group = _shared(self._groups.group, texts, numbers, numbers, tf.TensorSpec([None], tf.int32))
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
            REFINED: (
                self.search_refined,
                query | batch_of("earlier_query", tf.string) | k | CatalogueFilters.INPUTS,
            ),
            EXPLAIN: (self.explain, query | batch_of("product_id", tf.string)),
            PRODUCT_FACTS: (self.product_facts, batch_of("product_ids", tf.string, MAX_FACTS)),
            EMBED: (self.embed, query),
            EVALUATE: (self.evaluate, query | k),
            "weighted": (self.search_weighted, query | k | weights),
        }
        served: tuple[str, ...] = SERVED_SIGNATURES
        if self.pictures is not None:
            every[BY_IMAGE] = (self.search_by_image, batch_of("image", tf.string) | k)
            served = (*served, BY_IMAGE)
        if self._personal is not None:
            history = history_specs(self._personal.history_length)
            every[PERSONAL] = (self.search_personal, query | k | CatalogueFilters.INPUTS | history)
            every["described"] = (self.describe_personal, query | history)
            # Features are described to learn from; what is served has a scorer.
            served = (*served, PERSONAL) if self._personal.scorer is not None else served
        return trace({name: every[name] for name in names or served})

    def search(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: the `default_k` best things for each query `(batch,)`, within its limits."""
        wish, k = self._read_wish(query), tf.fill(tf.shape(query), self.default_k)
        pins = self._pins.holding(wish.text, tf.fill(tf.shape(query), ""))
        read, width = self._read(wish.text), tf.constant(self.default_k)
        every = tf.fill([tf.shape(query)[0], self._things.order.size], True)
        # Most queries have no limit and no pin, and a mask would cost them all.
        listed = tf.cond(
            wish.is_limited | tf.reduce_any(pins.products >= 0),
            lambda: self._list_within(read, wish, pins, width, every),
            lambda: self._listing.of_all(read, width),
        )
        return self._answer(wish, listed, k)

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
        k, mask = self._read_filters(query, k, category, max_price, in_stock_only, exclude_ids)
        wish = self._read_wish(query)
        return self._answer(wish, self._list_of(wish, category, tf.reduce_max(k), mask), k)

    def search_refined(
        self,
        query: tf.Tensor,
        earlier_query: tf.Tensor,
        k: tf.Tensor,
        category: tf.Tensor,
        max_price: tf.Tensor,
        in_stock_only: tf.Tensor,
        exclude_ids: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Signature `refined`: as `filtered`, for queries that may speak of an earlier one; "" stands for none.

        Also answers `asked`, what both come to beside their limits: what the next query may speak of; and `joined`,
        whether a query adds to the earlier one.
        """
        (earlier_query,) = with_rows_of(query, earlier_query=earlier_query)
        k, mask = self._read_filters(query, k, category, max_price, in_stock_only, exclude_ids)
        earlier = self._read_wish(earlier_query)
        both = refined(self._read_wish(query), earlier)

        def beside_earlier() -> Wish:
            listed = self._list_of(earlier, category, tf.constant(self.default_k), mask)
            shown = listed.found.cut(tf.constant(self.default_k)).products
            return beside(both, tf.where(shown >= 0, tf.gather(self.prices, tf.maximum(shown, 0)), np.nan))

        wish = cond_wish(tf.reduce_any(both.cheaper | both.dearer), beside_earlier, lambda: both.wish)
        answered = self._answer(wish, self._list_of(wish, category, tf.reduce_max(k), mask), k)
        return {**answered, "asked": wish.rest, "joined": both.joins}

    def search_personal(
        self,
        query: tf.Tensor,
        k: tf.Tensor,
        category: tf.Tensor,
        max_price: tf.Tensor,
        in_stock_only: tf.Tensor,
        exclude_ids: tf.Tensor,
        history_ids: tf.Tensor,
        history_types: tf.Tensor,
        history_age_seconds: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Signature `personal`: as `filtered`, the best things reordered for who asks; see `PersonalReranker`.

        The history is that of recommendation; an empty one leaves what the shop has learned of everybody.
        """
        (history_ids,) = with_rows_of(query, history_ids=history_ids)
        history = self._history.read(history_ids, history_types, history_age_seconds)
        k, mask = self._read_filters(query, k, category, max_price, in_stock_only, exclude_ids)
        wish = self._read_wish(query)
        read, pins = self._read(wish.text), self._pins.holding(wish.text, category)

        def reorder(found: Found) -> Found:
            return self._reranker.rerank(read.vectors, found, history, read.named.products)

        listed = self._listing.within(read, wish, pins, tf.reduce_max(k), mask, reorder)
        return self._answer(wish, listed, k)

    def describe_personal(
        self, query: tf.Tensor, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `described`: what the reranker would be told, and of which products: what it learns from."""
        history = self._history.read(history_ids, history_types, history_age_seconds)
        read = self._read(self._reader.beginning(query))
        found = find(self._ranking, read, tf.constant(GROUPED), self._things, self._things.passing())
        return {"features": self._reranker.describe(read.vectors, found, history), "products": found.products}

    def search_by_image(self, image: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `by_image`: the things that look like a picture, or that are what it shows.

        Args:
            image: string `(batch,)`: JPEG or PNG bytes; an empty one has no answer.
            k: int32 `(batch,)`.

        Raises:
            tf.errors.InvalidArgumentError: A picture is none, is broken, or is larger than the model's limits.
        """
        if self.pictures is None:
            raise ValueError("This model was made without pictures.")
        pictures = self.pictures
        (k,) = with_rows_of(image, k=k)
        k = at_most(k, self.max_k)
        passing, width = self._things.passing(self._pins.allowed_anywhere(tf.shape(image))), tf.reduce_max(k)
        looks, meanings = pictures.read(image)
        asks = tf.strings.length(image)[:, tf.newaxis] > 0

        def rank(looked_at: tf.Tensor) -> RankedTexts:
            seen = pictures.rank(looks, meanings, looked_at)
            return RankedTexts(
                seen.texts,
                tf.where(asks, seen.scores, -np.inf),
                tf.where(asks, seen.products, -1),
                tf.where(asks, seen.product_scores, -np.inf),
                (seen.texts[:, -1] < 0) | ~asks[:, 0],
            )

        found = FoundWithPins.without(find_ranked(rank, width, self._things, passing, grouped=GROUPED))
        listed = self._listing.shown(found, width, passing)
        return self._grouped(tf.fill(tf.shape(image), ""), listed, k)

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

    def product_facts(self, product_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `product_facts`: what the catalogue says of products `(batch, 100)`, in their order.

        Returns:
            titles and prices; "" and -1 for an unknown product, and -1 for an unknown price.
        """
        rows = self._products.index_of(product_ids)
        prices = tf.gather(self.prices, tf.maximum(rows, 0))
        known = (rows >= 0) & tf.math.is_finite(prices)
        return {"titles": texts_at(self.titles, rows), "prices": tf.where(known, prices, NO_PRICE)}

    def embed(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `embed`: query vectors float32 `(batch, dimensions)` of length 1."""
        return {"embeddings": self._reader.vectors(query)}

    def _read_filters(
        self,
        query: tf.Tensor,
        k: tf.Tensor,
        category: tf.Tensor,
        max_price: tf.Tensor,
        in_stock_only: tf.Tensor,
        exclude_ids: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what each row may ask for, and what its filters let pass, bool `(batch, products)`."""
        k, category, max_price, in_stock_only, exclude_ids = with_rows_of(
            query, k=k, category=category, max_price=max_price, in_stock_only=in_stock_only, exclude_ids=exclude_ids
        )
        excluded = self._things.places_of(self._products.index_of(exclude_ids))
        allowed = self._filters.allowed(category, max_price, in_stock_only, excluded)
        return at_most(k, self.max_k), allowed

    def _vectors_of(self, index: RetrievalIndex, products: tf.Tensor) -> tf.Tensor:
        """Returns the vectors of products' texts, float32 of the shape of `products` and dimensions; 0 for -1."""
        texts = tf.gather(self.text_of_product, tf.maximum(products, 0))
        return vectors_or_zeros(index, tf.where(products >= 0, texts, -1))

    def _best_products(
        self, query: tf.Tensor, k: tf.Tensor, fusion: Fusion | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns scores and products `(batch, largest k)`; -inf and -1 in a row's columns past its own k."""
        k = at_most(k, self.max_k)
        every = self._every_product
        read = self._read(self._reader.beginning(query))
        found = find(self._ranking, read, tf.reduce_max(k), every, every.passing(), fusion)
        return cut(found.scores, found.products, k)

    def _list_of(self, wish: Wish, category: tf.Tensor, width: tf.Tensor, mask: tf.Tensor) -> Listed:
        """Lists an int32 scalar of things that bool `(batch, products)` and the wish let pass."""
        pins = self._pins.holding(wish.text, category)
        listed: Listed = self._list_within(self._read(wish.text), wish, pins, width, mask)
        return listed

    def _answer(self, wish: Wish, listed: Listed, k: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**self._grouped(wish.text, listed, k), "understood": wish.understood}

    def _grouped(self, query: tf.Tensor, listed: Listed, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Groups all that is listed, and answers the first int32 `(batch,)` k things of each row."""
        texts = tf.gather(self.text_of_product, tf.maximum(listed.found.products, 0))
        groups = self._group(query, listed.found.products, texts, k)
        shown = listed.found.cut(tf.shape(listed.variants)[1])
        scores, products = cut(shown.scores, shown.products, k)
        there = products >= 0
        variants = tf.where(there, listed.variants, 0)
        pinned = listed.pinned[:, : tf.shape(products)[1]] & there
        return {**self._answers.of(scores, products, variants, groups), "pinned": pinned}


def _shared(method: Callable[..., Any], *specs: Any) -> Callable[..., Any]:
    """Returns a method that is traced, saved and loaded once, however many signatures call it."""
    traced = tf.function(method, input_signature=specs, autograph=False)
    # Behind a plain function it is not saved once more, as a function of the module.
    return lambda *inputs: traced(*inputs)
