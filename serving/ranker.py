"""The ranker: candidates from several sources, ordered by a learned model; plain TensorFlow ops."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.filters import not_listed
from serving.history import History
from serving.ranking_features import PRODUCT_STATISTICS, RankedProducts, RankingFeatures
from serving.retrieval_index import RetrievalIndex

Scorer = Callable[[tf.Tensor], tf.Tensor]

_POPULARITY = PRODUCT_STATISTICS.index("log_decayed")


@dataclass(frozen=True, kw_only=True)
class RankingModel:
    """What a ranker knows and has learned.

    Attributes:
        products: What the features need of the products.
        statistics: float32 `(products, len(PRODUCT_STATISTICS))`, as `trainer.ranked_products` computes them.
        near_candidates: Candidates that are nearest to the user's vector.
        popular_candidates: Candidates that are popular.
        scorer: Maps features `(batch, candidates, features)` to scores `(batch, candidates)`. Its `variables`, if it
            has any, are saved with the module. None in training.
    """

    products: RankedProducts
    statistics: ArrayLike
    near_candidates: int
    popular_candidates: int
    scorer: Scorer | None = None


class Ranker(tf.Module):
    """Gathers candidates for a history and orders them.

    Candidates are the user's own products, and of the others those nearest to the user's vector and the popular ones.
    Training and serving both call `describe`, so that the model is asked what it was taught.

    Args:
        index: The item vectors.
        model: What is known of the products, and the scorer.
        event_types: Number of event types.
    """

    def __init__(self, index: RetrievalIndex, model: RankingModel, *, event_types: int) -> None:
        super().__init__(name="ranker")
        # Training describes the same products at several moments: it assigns the statistics of each.
        self.statistics = tf.Variable(np.asarray(model.statistics, np.float32), trainable=False, name="statistics")
        self._index = index
        self._size = int(self.statistics.shape[0])
        self._features = RankingFeatures(model.products, event_types)
        self._near_candidates = model.near_candidates
        self._popular_candidates = model.popular_candidates
        scorer = model.scorer
        # Behind a plain function the Keras object itself is not tracked: only its variables go into the SavedModel.
        self._score: Scorer | None = None if scorer is None else lambda features: scorer(features)
        self._scorer_variables = [getattr(variable, "value", variable) for variable in getattr(scorer, "variables", ())]

    def rank(
        self, history: History, user_vectors: tf.Tensor, k: tf.Tensor, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the `k` best candidates of each history, as `ExactIndex.search` returns products.

        Args:
            history: The whole history of each user.
            user_vectors: float32 `(batch, dimensions)`.
            k: int32 scalar.
            allowed: bool `(batch, products)`; None allows everything.
        """
        if self._score is None:
            raise ValueError("This ranker was made without a scorer, to describe candidates only.")
        width = tf.clip_by_value(k, 0, self._size)
        candidates, features = self.describe(history, user_vectors, width, allowed)
        scores = tf.where(candidates >= 0, tf.cast(self._score(features), tf.float32), -np.inf)
        best, places = tf.math.top_k(scores, width)
        return best, tf.gather(candidates, places, batch_dims=1)

    def describe(
        self, history: History, user_vectors: tf.Tensor, k: tf.Tensor | int = 0, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Gathers candidates and their features.

        Args:
            history: The whole history of each user, `(batch, width)`.
            user_vectors: float32 `(batch, dimensions)`.
            k: int32 scalar; at least as many candidates, if there are as many products.
            allowed: bool `(batch, products)`; None allows everything.

        Returns:
            Distinct candidates int32 `(batch, candidates)`, -1 in between for none, and features
            float32 `(batch, candidates, features)`. The first `width` candidates are the user's own products.
        """
        others = not_listed(history.products, self._size)
        own = history.products
        if allowed is not None:
            others &= allowed
            own = tf.where(tf.gather(allowed, tf.maximum(own, 0), batch_dims=1), own, -1)
        _, near = self._index.search(user_vectors, tf.maximum(k, self._near_candidates), others)
        popularity = tf.where(others, self.statistics[:, _POPULARITY], -np.inf)
        popular_scores, popular = tf.math.top_k(popularity, min(self._popular_candidates, self._size))
        popular = tf.where(popular_scores > -np.inf, popular, -1)
        candidates = _distinct(tf.concat([own, near, popular], axis=1))
        vectors = self._index.vectors_at(candidates)
        tower_scores = tf.linalg.matvec(vectors, user_vectors)
        return candidates, self._features(history, candidates, tower_scores, self.statistics)


def _distinct(candidates: tf.Tensor) -> tf.Tensor:
    """Keeps the first of equal candidates of a row; the others become -1."""
    shape = tf.shape(candidates, out_type=tf.int64)
    keys = tf.cast(candidates, tf.int64) + 1
    rows = tf.range(shape[0])[:, tf.newaxis]
    unique, group = tf.unique(tf.reshape(rows * (tf.reduce_max(keys) + 1) + keys, [-1]))
    place = tf.range(shape[0] * shape[1])
    first = tf.math.unsorted_segment_min(place, group, tf.size(unique))
    return tf.where(tf.reshape(tf.gather(first, group) == place, shape), candidates, -1)
