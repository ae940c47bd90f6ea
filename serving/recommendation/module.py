"""The served recommendation model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.answers import at_most, cut, text_variable, texts_at, with_rows_of
from serving.graph.catalogue import ServedProducts
from serving.graph.filters import CatalogueFilters, not_listed
from serving.graph.history import History, HistoryReader, history_specs
from serving.graph.lookup import IdLookup
from serving.graph.signatures import Signature, batch_of, trace
from serving.index.exact import ExactIndex
from serving.max_k import DEFAULT_MAX_K
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker, RankingModel
from serving.recommendation.together import MAX_TOGETHER_IDS, ServedRules, TogetherIndex
from serving.recommendation.user_vectors import UserEncoder, user_vectors
from serving.signature_names import BOUGHT_TOGETHER, EMBED, EXAMPLES, FILTERED, SERVING_DEFAULT, SIMILAR_PRODUCTS


@dataclass(frozen=True, kw_only=True)
class ServedCatalogue(ServedProducts):
    """What a served recommendation model knows of the products; row i of every field is product i.

    Attributes:
        popularity: float `(products,)`, at least 0: how much is bought, in any unit.
        tower_vectors: float32 `(products, tower dimensions)`, of the item tower.
        linear_vectors: float32 `(products, linear dimensions)`, of the linear model; there may be no dimensions.
    """

    popularity: ArrayLike
    tower_vectors: ArrayLike
    linear_vectors: ArrayLike


class RecommendationModule(tf.Module):
    """Recommends by a user tower over the history and a search of the item vectors, and a ranker where there is one.

    A row without a known product in its history gets the popular products, with log1p(popularity) scaled into
    [0, 1] as scores. Answers have the columns product_ids, scores and titles; where a row has fewer products than
    columns, the rest is "" and -inf.

    Args:
        catalogue: The products.
        event_types: Names of the event types, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        history_length: Events a request carries.
        tower_history: Latest events that the user encoder reads.
        default_k: Products that `serving_default` answers.
        max_k: Most products that a request gets.
        ranking: What the ranker has learned; None answers with the products nearest to the user's vector.
        user_encoder: Reads the latest events; see `serving.recommendation.user_vectors`. Its `variables`, if it has
            any, are saved with the module.
        together: Which products are bought together; None leaves the signature `bought_together` out.
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
        max_k: int = DEFAULT_MAX_K,
    ) -> None:
        super().__init__(name="recommendation")
        self.history_length = history_length
        self.tower_history = tower_history
        self.default_k = default_k
        self.max_k = max_k
        self._products = IdLookup(catalogue.product_ids, what="product id")
        self._history = HistoryReader(self._products, event_types, bought_event_type)
        self._index = ItemIndex(catalogue.tower_vectors, catalogue.linear_vectors)
        self._ranker = None if ranking is None else Ranker(self._index, ranking, event_types=len(event_types))
        self._together = None if together is None else TogetherIndex(together, len(catalogue.product_ids))
        # Popularity is an index of one-dimensional vectors, so that both answers are found by the same search.
        self._popular = ExactIndex(_popularity_scores(catalogue.popularity)[:, np.newaxis], name="popular")
        self._product_ids = text_variable(catalogue.product_ids, "product_ids")
        self._titles = text_variable(catalogue.titles, "titles")
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
            EXAMPLES: (self.recommend_examples, batch_of("examples", tf.string)),
            SIMILAR_PRODUCTS: (self.similar_products, batch_of("product_id", tf.string) | k),
            EMBED: (self.embed, history),
        }
        if self._together is not None:
            product_ids = batch_of("product_ids", tf.string, MAX_TOGETHER_IDS)
            every[BOUGHT_TOGETHER] = (self.bought_together, product_ids | k)
        return trace({name: every[name] for name in names or every})

    def recommend(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: the `default_k` best products for each history `(batch, history_length)`."""
        history = self._history.read(history_ids, history_types, history_age_seconds)
        return self._answer(*self._retrieve(history, tf.constant(self.default_k)))

    def recommend_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `examples`: as `serving_default`, for serialized tf.Examples with histories of any length."""
        history = self._history.read_examples(examples)
        return self._answer(*self._retrieve(history, tf.constant(self.default_k)))

    def recommend_filtered(
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
    ) -> dict[str, tf.Tensor]:
        """Signature `filtered`: as wide as the largest k of the batch; see `filters` for what each filter means."""
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
        history = self._history.read(history_ids, history_types, history_age_seconds)
        bought = (history.types == self._history.bought_type) & ~include_bought[:, tf.newaxis]
        left_out = tf.concat(
            [self._products.index_of(exclude_ids), tf.where(bought, history.products, -1)],
            axis=1,
        )
        allowed = self._filters.allowed(category, max_price, in_stock_only, left_out)
        scores, indices = self._retrieve(history, tf.reduce_max(k), allowed)
        return self._answer(*cut(scores, indices, k))

    def similar_products(self, product_id: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `similar_products`: nearest by the item tower, never the product; nothing for unknown ids."""
        (k,) = with_rows_of(product_id, k=k)
        k = at_most(k, self.max_k)
        product = self._products.index_of(product_id)
        allowed = not_listed(product[:, tf.newaxis], self._index.size) & (product >= 0)[:, tf.newaxis]
        vectors = self._index.items(product)
        asked = tf.concat([self._index.tower_part(vectors), tf.zeros_like(self._index.linear_part(vectors))], axis=1)
        scores, indices = self._index.search(asked, tf.reduce_max(k), allowed)
        return self._answer(*cut(scores, indices, k))

    def bought_together(self, product_ids: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `bought_together`: what the rules say goes with some products, the strongest rule first.

        A rule counts where all of its antecedent is among the products `(batch, 10)`; of the rules of one product the
        strongest counts. The products themselves are no answer; unknown ones, and those without a rule, have none.
        """
        if self._together is None:
            raise ValueError("The module was made without `together`.")
        (k,) = with_rows_of(product_ids, k=k)
        k = at_most(k, self.max_k)
        found = self._together.find(self._products.index_of(product_ids), tf.reduce_max(k))
        kept, indices = cut(found.strength, found.products, k)
        missing = kept == -np.inf
        return {
            "product_ids": texts_at(self._product_ids, indices),
            "titles": texts_at(self._titles, indices),
            "confidence": tf.where(missing, -np.inf, found.confidence),
            "lift": tf.where(missing, -np.inf, found.lift),
        }

    def embed(
        self, history_ids: tf.Tensor, history_types: tf.Tensor, history_age_seconds: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Signature `embed`: user vectors float32 `(batch, dimensions)`; zeros without a known product."""
        history = self._history.read(history_ids, history_types, history_age_seconds)
        return {"embeddings": self._user_vectors(history)}

    def _retrieve(
        self, history: History, k: tf.Tensor, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the `k` best products of each history: scores and indices as `ExactIndex.search` gives them."""
        users = self._user_vectors(history)
        if self._ranker is None:
            scores, indices = self._index.search(users, k, allowed)
        else:
            scores, indices = self._ranker.rank(history, users, k, allowed)
        cold = tf.reduce_all(history.products < 0, axis=1)

        def with_popular() -> tuple[tf.Tensor, tf.Tensor]:
            asked = tf.ones([tf.shape(cold)[0], 1])
            popular_scores, popular_indices = self._popular.search(asked, k, allowed)
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
