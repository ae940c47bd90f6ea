"""The served recommendation model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import at_most, cut, text_variable, texts_at, with_rows_of
from serving.graph.filters import CatalogueFilters, not_listed
from serving.graph.history import History, HistoryReader, history_specs, without_rejections
from serving.graph.lookup import IdLookup
from serving.graph.one_of_each import OneOfEach
from serving.graph.signatures import Signature, batch_of, trace
from serving.index.exact import ExactIndex
from serving.max_k import DEFAULT_MAX_K
from serving.merchant.recommended import PinnedRecommendations, only_allowed
from serving.merchant.relations import Related
from serving.merchant.word import SAYS_NOTHING, MerchantWord, RelationKind
from serving.recommendation.catalogue import ServedCatalogue
from serving.recommendation.comparison import THE_MODEL, ComparedSystem, Comparison, System, systems_of
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker, RankingModel
from serving.recommendation.reasons.explanation import RecommendationReasons
from serving.recommendation.recommendable import Recommendable
from serving.recommendation.similar import SimilarProducts
from serving.recommendation.sources import SOURCES
from serving.recommendation.together import MAX_TOGETHER_IDS, CategoryRules, FoundProducts, ServedRules, TogetherIndex
from serving.recommendation.user_vectors import UserEncoder, user_vectors
from serving.signature_names import (
    BOUGHT_TOGETHER,
    COMPARE,
    COMPLEMENTS,
    EMBED,
    EVALUATE,
    EXAMPLES,
    EXPLAIN,
    FILTERED,
    SERVING_DEFAULT,
    SIMILAR_PRODUCTS,
)


class RecommendationModule(tf.Module):
    """Recommends by a user tower over the history and a search of the item vectors, and a ranker where there is one.

    A row without a known product in its history gets the popular products, with log1p(popularity) scaled into
    [0, 1] as scores. Answers have the columns product_ids, scores and titles; where a row has fewer products than
    columns, the rest is "" and -inf. An answer has each thing once and never what is not recommendable, but for that of
    `evaluate`, which ranks every product on its own: how rankings are judged.

    Args:
        catalogue: The products.
        event_types: Names of the event types, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        rejecting_types: Those of them that reject a product: such events are no history, and a product whose latest
            event is one is in no answer to the history, nor what is one thing with it; but in those of `evaluate`.
        history_length: Events a request carries.
        tower_history: Latest events that the user encoder reads.
        default_k: Products that `serving_default` answers.
        max_k: Most products that a request gets.
        ranking: What the ranker has learned; None answers with the products nearest to the user's vector.
        user_encoder: Reads the latest events; see `serving.recommendation.user_vectors`. Its `variables`, if it has
            any, are saved with the module.
        together: Which products are bought together; None leaves the signatures `bought_together` and `complements`
            out.
        categories_together: What is bought together with the categories, where no rule of products helps.
        compared: What the signature `compare` ranks by in place of this model, by name.
        merchant: What the merchant bans and pins; not in the answers of `evaluate` and `compare`, by which rankings are
            judged.
    """

    def __init__(
        self,
        catalogue: ServedCatalogue,
        *,
        event_types: Sequence[str],
        bought_event_type: str,
        history_length: int,
        tower_history: int,
        default_k: int,
        user_encoder: UserEncoder,
        ranking: RankingModel | None = None,
        together: ServedRules | None = None,
        categories_together: CategoryRules | None = None,
        max_k: int = DEFAULT_MAX_K,
        rejecting_types: Sequence[str] = (),
        compared: Mapping[str, ComparedSystem] | None = None,
        merchant: MerchantWord = SAYS_NOTHING,
    ) -> None:
        super().__init__(name="recommendation")
        self.history_length = history_length
        self.tower_history = tower_history
        self.default_k = default_k
        self.max_k = max_k
        self._products = IdLookup(catalogue.product_ids, what="product id")
        self._rejecting = [list(event_types).index(name) for name in rejecting_types]
        self._history = HistoryReader(self._products, event_types, bought_event_type)
        self._index = ItemIndex(catalogue.tower_vectors, catalogue.linear_vectors)
        self._ranker = None if ranking is None else Ranker(self._index, ranking, event_types=len(event_types))
        size = len(catalogue.product_ids)
        self._together = None if together is None else TogetherIndex(together, size, categories_together)
        self._similar = SimilarProducts(self._index, catalogue.categories, catalogue.text_vectors, catalogue.popularity)
        self._one_of_each = OneOfEach(catalogue.thing_of_product)
        self._each_product = OneOfEach(np.arange(size))
        self._recommendable = Recommendable(catalogue.recommendable)
        self._pins = PinnedRecommendations(merchant.pins, catalogue.product_ids)
        self._accessories, self._replacements, self._variants = (
            Related(merchant.relations, kind, catalogue.product_ids) for kind in get_args(RelationKind)
        )
        # Popularity is an index of one-dimensional vectors, so that both answers are found by the same search.
        self._popular = ExactIndex(_popularity_scores(catalogue.popularity)[:, np.newaxis], name="popular")
        self._product_ids = text_variable(catalogue.product_ids, "product_ids")
        self._titles = text_variable(catalogue.titles, "titles")
        self._reasons = RecommendationReasons(
            self._index,
            self._ranker,
            popularity=self._popular,
            product_ids=self._product_ids,
            titles=self._titles,
            event_types=event_types,
            bought_type=self._history.bought_type,
            tower_history=tower_history,
        )
        self._comparison = Comparison(
            {THE_MODEL: System(self._ranker)}
            if compared is None
            else systems_of(compared, self._index, event_types=len(event_types)),
            index=self._index,
            popular=self._popular,
            recommendable=self._recommendable,
            product_ids=self._product_ids,
        )
        self._filters = CatalogueFilters(catalogue)
        # Behind a plain function the Keras object itself is not tracked: only its variables go into the SavedModel.
        self._encode_user: UserEncoder = lambda *arguments: user_encoder(*arguments)
        self._user_encoder_variables = [
            getattr(variable, "value", variable) for variable in getattr(user_encoder, "variables", ())
        ]

    def signatures(self, *names: str) -> dict[str, Any]:
        """Traces signatures, to be handed to `tf.saved_model.save` with this module.

        Args:
            names: Those that are wanted; all where none is named.
        """
        history, k = history_specs(self.history_length), batch_of("k", tf.int32)
        filters = CatalogueFilters.INPUTS | batch_of("include_bought", tf.bool)
        every: dict[str, Signature] = {
            SERVING_DEFAULT: (self.recommend, history),
            FILTERED: (self.recommend_filtered, history | k | filters),
            EVALUATE: (self.evaluate, history | k | filters),
            COMPARE: self._compare(),
            EXAMPLES: (self.recommend_examples, batch_of("examples", tf.string)),
            SIMILAR_PRODUCTS: (self.similar_products, batch_of("product_id", tf.string) | k),
            EMBED: (self.embed, history),
            EXPLAIN: (self.explain, history | batch_of("product_id", tf.string)),
        }
        if self._together is not None:
            product_ids = batch_of("product_ids", tf.string, MAX_TOGETHER_IDS)
            every[BOUGHT_TOGETHER] = (self.bought_together, product_ids | k)
            every[COMPLEMENTS] = (self.complements, batch_of("product_id", tf.string) | k)
        return trace({name: every[name] for name in names or every})

    def compare_signatures(self, *alone: str) -> dict[str, Any]:
        """Traces the signature `compare`, and under the names of some systems the same of these alone."""
        return trace({COMPARE: self._compare(), **{name: self._compare(name) for name in alone}})

    def recommend(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: the `default_k` best products for each history `(batch, history_length)`."""
        return self._recommend(*self._read(history_ids, history_types, history_age_seconds))

    def recommend_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `examples`: as `serving_default`, for serialized tf.Examples with histories of any length."""
        return self._recommend(*self._parted(self._history.read_examples(examples)))

    def recommend_filtered(self, k: tf.Tensor, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `filtered`: as wide as the largest k of the batch; see `filters` for what each filter means.

        Where `include_bought` is false, nothing comes that is one thing with a product that was bought.
        """
        history, k, allowed, bought, rejected = self._read_filtered(k=k, **inputs)
        allowed &= self._one_of_each.without(tf.concat([bought, rejected], axis=1))
        pins = self._pins.holding(tf.shape(k)[0], inputs["category"])
        allowed = self._pins.allowed(self._recommendable.among(allowed), pins)
        found = self._retrieve(history, tf.reduce_max(k), allowed, self._one_of_each)
        scores, indices, pinned = self._pins.placed(*found, pins, allowed, self._one_of_each)
        scores, indices = cut(scores, indices, k)
        return {**self._answer(scores, indices), "pinned": pinned & (indices >= 0)}

    def evaluate(self, k: tf.Tensor, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: as `filtered`, of all products, each on its own: how rankings are judged."""
        history, k, allowed, bought, _ = self._read_filtered(k=k, **inputs)
        allowed &= not_listed(bought, self._index.size)
        scores, indices = self._retrieve(history, tf.reduce_max(k), allowed, self._each_product)
        return self._answer(*cut(scores, indices, k))

    def _read_filtered(
        self,
        history_ids: tf.Tensor,
        history_types: tf.Tensor,
        history_age_seconds: tf.Tensor,
        k: tf.Tensor,
        category: tf.Tensor,
        max_price: tf.Tensor,
        in_stock_only: tf.Tensor,
        exclude_ids: tf.Tensor,
        include_bought: tf.Tensor,
    ) -> tuple[History, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns history, k, what the filters allow, and the bought and the rejected products to leave out."""
        k, category, max_price, in_stock_only, exclude_ids, include_bought = with_rows_of(
            history_ids,
            k=k,
            category=category,
            max_price=max_price,
            in_stock_only=in_stock_only,
            exclude_ids=exclude_ids,
            include_bought=include_bought,
        )
        k = at_most(k, self.max_k)
        history, rejected = self._read(history_ids, history_types, history_age_seconds)
        bought = (history.types == self._history.bought_type) & ~include_bought[:, tf.newaxis]
        allowed = self._filters.allowed(category, max_price, in_stock_only, self._products.index_of(exclude_ids))
        return history, k, allowed, tf.where(bought, history.products, -1), rejected

    def similar_products(self, product_id: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `similar_products`: what may stand for a product; nothing for unknown ids.

        See `serving.recommendation.similar`. Neither the product nor what is one thing with it is an answer, nor a
        variant. What the merchant says replaces it comes first.
        """
        (k,) = with_rows_of(product_id, k=k)
        k = at_most(k, self.max_k)
        product = self._products.index_of(product_id)
        asked = product[:, tf.newaxis]
        variants = self._variants.of(asked) if self._variants.any else asked[:, :0]
        allowed = self._others(asked, variants)
        found = self._one_of_each.best(lambda width: self._similar.search(product, width, allowed), tf.reduce_max(k))
        first = self._replacements.of(asked) if self._replacements.any else None
        scores, indices, pinned = self._pins.first(*found, first, allowed, self._one_of_each)
        scores, indices = cut(scores, indices, k)
        return {**self._answer(scores, indices), "pinned": pinned & (indices >= 0)}

    def bought_together(self, product_ids: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `bought_together`: what goes with some products `(batch, 10)`.

        What the merchant calls their accessories comes first, then rules of the products, then those of their
        categories, then what the towers expect next; `source` says which it was. A rule counts where all of its
        antecedent is among the products; of the rules that lead to a product the strongest counts. Neither the products
        nor what is one thing with them are answers; where none of them is known there are none.
        """
        (k,) = with_rows_of(product_ids, k=k)
        products = self._products.index_of(product_ids)
        return self._bought_together(products, k, self._others(products))

    def complements(self, product_id: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `complements`: as `bought_together` for one product, without what has the same category."""
        (k,) = with_rows_of(product_id, k=k)
        product = self._products.index_of(product_id)
        other_category = self._similar.categories.shared(product) < 1.0
        products = product[:, tf.newaxis]
        return self._bought_together(products, k, self._others(products) & other_category)

    def embed(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `embed`: user vectors float32 `(batch, dimensions)`; zeros without a known product."""
        history, _ = self._read(history_ids, history_types, history_age_seconds)
        return {"embeddings": self._user_vectors(history)}

    def explain(
        self,
        history_ids: tf.Tensor,
        history_types: tf.Tensor,
        history_age_seconds: tf.Tensor,
        product_id: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Signature `explain`: why a product is recommended; see `RecommendationReasons.explain`."""
        (product_id,) = with_rows_of(history_ids, product_id=product_id)
        history, rejected = self._read(history_ids, history_types, history_age_seconds)
        allowed = self._allowed(rejected)
        products = self._products.index_of(product_id)
        return self._reasons.explain(history, self._user_vectors(history), products, allowed)

    def _compare(self, *names: str) -> Signature:
        return self._comparison.signature(
            *names,
            reader=self._history,
            encode=self._user_vectors,
            history_length=self.history_length,
            max_k=self.max_k,
        )

    def _others(self, products: tf.Tensor, variants: tf.Tensor | None = None) -> tf.Tensor:
        """Allows all things but those of products `(batch, n)`, and nothing where all are -1; bool `(batch, all)`."""
        known = tf.reduce_any(products >= 0, axis=1)
        left_out = products if variants is None else tf.concat([products, variants], axis=1)
        others = self._recommendable.among(self._one_of_each.without(left_out) & known[:, tf.newaxis])
        return self._pins.allowed(others, self._pins.holding(tf.shape(products)[0]))

    def _bought_together(self, products: tf.Tensor, k: tf.Tensor, allowed: tf.Tensor) -> dict[str, tf.Tensor]:
        if self._together is None:
            raise ValueError("The module was made without `together`.")
        k = at_most(k, self.max_k)
        found = self._together.find(products, tf.reduce_max(k), allowed, self._one_of_each)
        bought = tf.fill(tf.shape(products), self._history.bought_type)
        basket = History(products, bought, tf.zeros(tf.shape(products)))

        def with_towers() -> FoundProducts:
            users = self._user_vectors(basket)
            _, expected = self._one_of_each.best(
                lambda width: self._index.search(users, width, allowed), tf.shape(found.products)[1]
            )
            return found.filled(expected, self._one_of_each)

        found = FoundProducts(*tf.cond(tf.reduce_any(found.products < 0), with_towers, lambda: found))
        if self._accessories.any:
            found = found.after(only_allowed(self._accessories.of(products), allowed), self._one_of_each)
        # Nothing but the columns past a row's own k is left empty here.
        _, indices = cut(found.confidence, found.products, k)
        missing = indices < 0
        return {
            "product_ids": texts_at(self._product_ids, indices),
            "titles": texts_at(self._titles, indices),
            "confidence": tf.where(missing, -np.inf, found.confidence),
            "lift": tf.where(missing, -np.inf, found.lift),
            "source": texts_at(tf.constant(SOURCES), tf.where(missing, -1, found.source)),
        }

    def _read(self, ids: tf.Tensor, types: tf.Tensor, age_seconds: tf.Tensor) -> tuple[History, tf.Tensor]:
        """Returns histories without what rejects a product, and the rejected products `(batch, any)`, -1 for none."""
        return self._parted(self._history.read(ids, types, age_seconds))

    def _parted(self, history: History) -> tuple[History, tf.Tensor]:
        if not self._rejecting:
            return history, tf.fill([tf.shape(history.products)[0], 0], -1)
        return without_rejections(history, self._rejecting)

    def _allowed(self, rejected: tf.Tensor) -> tf.Tensor | None:
        """Returns what may be answered where no filter is given, bool `(batch, products)`; None for everything."""
        if not self._rejecting:
            return self._recommendable.rows(tf.shape(rejected)[0])
        return self._recommendable.among(self._one_of_each.without(rejected))

    def _recommend(self, history: History, rejected: tf.Tensor) -> dict[str, tf.Tensor]:
        pins = self._pins.holding(tf.shape(rejected)[0])
        allowed = self._pins.allowed(self._allowed(rejected), pins)
        found = self._retrieve(history, tf.constant(self.default_k), allowed, self._one_of_each)
        scores, indices, pinned = self._pins.placed(*found, pins, allowed, self._one_of_each)
        return {**self._answer(scores, indices), "pinned": pinned & (indices >= 0)}

    def _retrieve(
        self, history: History, k: tf.Tensor, allowed: tf.Tensor | None, one_of_each: OneOfEach
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the `k` best things of each history: scores and indices as `OneOfEach.best` gives them."""
        users = self._user_vectors(history)

        def rank(width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            if self._ranker is None:
                return self._index.search(users, width, allowed)
            return self._ranker.rank(history, users, width, allowed)

        scores, indices = one_of_each.best(rank, k)
        cold = tf.reduce_all(history.products < 0, axis=1)

        def with_popular() -> tuple[tf.Tensor, tf.Tensor]:
            asked = tf.ones([tf.shape(cold)[0], 1])
            popular_scores, popular_indices = one_of_each.best(
                lambda width: self._popular.search(asked, width, allowed), k
            )
            rows = cold[:, tf.newaxis]
            return tf.where(rows, popular_scores, scores), tf.where(rows, popular_indices, indices)

        return tf.cond(tf.reduce_any(cold), with_popular, lambda: (scores, indices))

    def _user_vectors(self, history: History) -> tf.Tensor:
        return user_vectors(history, self._index, self._encode_user, self.tower_history)

    def _answer(self, scores: tf.Tensor, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "product_ids": texts_at(self._product_ids, indices),
            "scores": scores,
            "titles": texts_at(self._titles, indices),
        }


def _popularity_scores(popularity: ArrayLike) -> np.ndarray:
    scores = np.log1p(np.maximum(np.asarray(popularity, dtype=np.float64), 0.0))
    return np.asarray(scores / max(scores.max(), 1.0e-12), dtype=np.float32)
