"""The ranker: candidates from several sources, ordered by a learned model; plain TensorFlow ops."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.filters import not_listed
from serving.graph.history import History
from serving.graph.top_k import top_k
from serving.recommendation.adjustment import UNCHANGED, Adjustment, spread_over_kinds, without_popularity
from serving.recommendation.distinct import first_of_equals
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.neighbours import Neighbours, NeighbourTable
from serving.recommendation.ranking_features import PRODUCT_STATISTICS, CandidateScores, RankedProducts, RankingFeatures
from serving.recommendation.rule_scores import RuleScores
from serving.recommendation.together import ServedRules

Scorer = Callable[[tf.Tensor], tf.Tensor]

_POPULARITY = PRODUCT_STATISTICS.index("log_latest")
# Of a longer time, since it is to be taken out of scores: that of a week would leave what is in season.
_DAMPED = PRODUCT_STATISTICS.index("log_decayed")


@dataclass(frozen=True, kw_only=True)
class CandidateCounts:
    """How many candidates each source gives, beside the user's own products.

    Attributes:
        near: Nearest to the user's vector.
        neighbours: Nearest to the history by what other users had.
        popular: Popular in the last days.
        rules: With the highest confidence of a rule that leads to them from the history; none without rules.
    """

    near: int
    neighbours: int
    popular: int
    rules: int


@dataclass(frozen=True, kw_only=True)
class RankingModel:
    """What a ranker knows and has learned.

    Attributes:
        products: What the features need of the products.
        statistics: float32 `(products, len(PRODUCT_STATISTICS))`, as `trainer.recommendation.ranker.ranked_products`
            computes them.
        neighbours: Which products the same users have.
        candidates: How many candidates of each source.
        rules: What is bought together; None leaves the features of rules out.
        adjustment: What an answer gives up for what is less popular, and for more kinds.
        scorer: Maps features `(batch, candidates, features)` to scores `(batch, candidates)`. Its `variables`, if it
            has any, are saved with the module; its `features`, if it has them, are the names that it was taught. None
            in training.
    """

    products: RankedProducts
    statistics: ArrayLike
    neighbours: NeighbourTable
    candidates: CandidateCounts
    rules: ServedRules | None = None
    adjustment: Adjustment = UNCHANGED
    scorer: Scorer | None = None


class Ranker(tf.Module):
    """Gathers candidates for a history and orders them.

    Candidates are the user's own products, and of the others those nearest to the user's vector, those that are
    neighbours of the history, popular ones, and those that rules lead to.
    Training and serving both call `describe`, so that the model is asked what it was taught.

    Attributes:
        statistics: float32 `(products, len(PRODUCT_STATISTICS))`, a variable.
        neighbours: Which products the same users have.
        feature_names: What each feature says.

    Args:
        index: The item vectors.
        model: What is known of the products, and the scorer.
        event_types: Number of event types.

    Raises:
        ValueError: The scorer was taught other features.
    """

    def __init__(self, index: ItemIndex, model: RankingModel, *, event_types: int) -> None:
        super().__init__(name="ranker")
        # Training describes the same products at several moments: it assigns the statistics of each.
        self.statistics = tf.Variable(np.asarray(model.statistics, np.float32), trainable=False, name="statistics")
        self._index = index
        self._size = int(self.statistics.shape[0])
        self._features = RankingFeatures(model.products, event_types)
        self.neighbours = Neighbours(model.neighbours)
        self._rules = None if model.rules is None else RuleScores(model.rules, self._size)
        self._counts = model.candidates
        self._adjustment = model.adjustment
        self.feature_names = self._features.names(with_rules=model.rules is not None)
        scorer = model.scorer
        taught = getattr(scorer, "features", self.feature_names)
        if tuple(taught) != self.feature_names:
            different = sorted({*taught} ^ {*self.feature_names}) or "the same in another order"
            raise ValueError(f"`scorer` was taught other features than it is to be asked with: {different}; train it.")
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
        scores = self._adjusted(history, candidates, tf.cast(self._score(features), tf.float32))
        scores = tf.where(candidates >= 0, scores, -np.inf)
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
            Distinct candidates int32 `(batch, candidates)`, the user's own products first and -1 at the end for none,
            and features float32 `(batch, candidates, features)` in the order of `feature_names`.
        """
        counts = self._counts
        others = not_listed(history.products, self._size)
        own = history.products
        if allowed is not None:
            others &= allowed
            own = tf.where(tf.gather(allowed, tf.maximum(own, 0), batch_dims=1), own, -1)
        _, near = self._index.search(user_vectors, tf.maximum(k, counts.near), others)
        # Read once: of a variable that is gathered from, TensorFlow copies the whole at every other read.
        statistics = tf.convert_to_tensor(self.statistics)
        popular = _highest(statistics[:, _POPULARITY], others, counts.popular)
        had = first_of_equals(history.products)
        nearness = self.neighbours.scores(had)
        neighbours = _highest(nearness, others & (nearness > 0.0), counts.neighbours)
        sources = [own, near, neighbours, popular]
        best = None if self._rules is None else self._rules.best(history.products)
        if best is not None:
            sources.append(_highest(best.confidence, others & (best.confidence > 0.0), counts.rules))
        candidates = _closed_up(first_of_equals(tf.concat(sources, axis=1)), k)
        wanted = tf.maximum(candidates, 0)
        agreement = self._index.items(candidates) * user_vectors[:, tf.newaxis]
        scores = CandidateScores(
            rules=None if best is None else best.of(wanted),
            linear=tf.reduce_sum(self._index.linear_part(agreement), axis=-1),
            recent=tf.reduce_sum(self._index.tower_part(agreement), axis=-1),
            neighbours=tf.gather(nearness, wanted, batch_dims=1),
        )
        return candidates, self._features(history, candidates, scores, statistics)

    def _adjusted(self, history: History, candidates: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """Changes scores as the model's `adjustment` says; the user's own products lose no popularity."""
        wanted = tf.maximum(candidates, 0)
        if self._adjustment.popularity_damping > 0.0:
            had = ~tf.gather(not_listed(history.products, self._size), wanted, batch_dims=1)
            popularity = tf.gather(tf.convert_to_tensor(self.statistics)[:, _DAMPED], wanted)
            damping = self._adjustment.popularity_damping
            scores = without_popularity(scores, tf.where(had, 0.0, popularity), history, damping)
        if self._adjustment.kind_penalty > 0.0:
            kinds = tf.where(candidates >= 0, self._features.kinds_of(wanted), 0)
            scores = spread_over_kinds(scores, kinds, self._adjustment.kind_penalty)
        return scores


def _highest(values: tf.Tensor, allowed: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the allowed products with the highest values, int32 `(batch, count)`; -1 where there are fewer."""
    best, products = top_k(tf.where(allowed, values, -np.inf), min(count, allowed.shape[1]))
    return tf.where(best > -np.inf, products, -1)


def _closed_up(candidates: tf.Tensor, least: tf.Tensor | int) -> tf.Tensor:
    """Moves what is -1 to the end of each row and cuts off what is -1 in all, down to `least` columns.

    A history has many products more than once, and few are as long as a request can be.
    """
    there = candidates >= 0
    most = tf.reduce_max(tf.reduce_sum(tf.cast(there, tf.int32), axis=1))
    order = tf.argsort(tf.cast(there, tf.int32), axis=1, direction="DESCENDING", stable=True)
    return tf.gather(candidates, order, batch_dims=1)[:, : tf.maximum(tf.maximum(most, least), 1)]
