"""The ranker: candidates from several sources, ordered by a learned model; plain TensorFlow ops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.filters import not_listed
from serving.graph.history import History
from serving.graph.top_k import top_allowed, top_k
from serving.recommendation.adjustment import UNCHANGED, Adjustment, in_turns, spread_over_kinds, without_popularity
from serving.recommendation.distinct import first_of_equals
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.neighbours import Neighbours, NeighbourTable
from serving.recommendation.ranking_features import (
    PRODUCT_STATISTICS,
    CandidateScores,
    Described,
    RankedProducts,
    RankingFeatures,
)
from serving.recommendation.rule_scores import BestRules, RuleScores
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
        adjustment: What an answer gives up for what is less popular, and for more kinds, brands or sellers.
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


class KnownScores(NamedTuple):
    """What is known of every product before candidates are chosen, each float32 `(batch, products)`.

    Attributes:
        near: Dot product with the user's vector.
        neighbours: How near the product is to those of the history.
        rules: The best rules that lead to it from the history; None without rules.
    """

    near: tf.Tensor
    neighbours: tf.Tensor
    rules: BestRules | None


class Ranker(tf.Module):
    """Gathers candidates for a history and orders them.

    Candidates are the user's own products, and of the others those nearest to the user's vector, those that are
    neighbours of the history, popular ones, and those that rules lead to.
    Training and serving both call `describe`, so that the model is asked what it was taught.

    Attributes:
        statistics: float32 `(products, len(PRODUCT_STATISTICS))`, a variable.
        features_of: Computes the features.
        neighbours: Which products the same users have.
        rules: What is bought together; None without rules.
        adjustment: What an answer gives up for what is less popular, and for more kinds, brands or sellers.
        feature_names: What each feature says.
        scores_by: Equal for rankers that have the same scorer.

    Args:
        index: The item vectors.
        model: What is known of the products, and the scorer.
        event_types: Number of event types.
        like: A ranker that knows the same of the products, and has rules if this one has: its tables are read, and none
            of `model`, so that they are held once.

    Raises:
        ValueError: The scorer was taught other features.
    """

    def __init__(
        self, index: ItemIndex, model: RankingModel, *, event_types: int, like: "Ranker | None" = None
    ) -> None:
        super().__init__(name="ranker")
        self._index = index
        if like is None:
            # Training describes the same products at several moments: it assigns the statistics of each.
            statistics = np.asarray(model.statistics, np.float32)
            self.statistics = tf.Variable(statistics, trainable=False, name="statistics")
            self.features_of = RankingFeatures(model.products, event_types)
            self.neighbours = Neighbours(model.neighbours)
            self.rules = None if model.rules is None else RuleScores(model.rules, len(statistics))
        else:
            self.statistics, self.features_of, self.neighbours = like.statistics, like.features_of, like.neighbours
            self.rules = like.rules
        self._size = int(self.statistics.shape[0])
        self._counts, self._with_rules = model.candidates, model.rules is not None
        self.adjustment = model.adjustment
        self.feature_names = self.features_of.names(with_rules=self._with_rules)
        scorer = model.scorer
        taught = getattr(scorer, "features", self.feature_names)
        if tuple(taught) != self.feature_names:
            different = sorted({*taught} ^ {*self.feature_names}) or "the same in another order"
            raise ValueError(f"`scorer` was taught other features than it is to be asked with: {different}; train it.")
        # Behind a plain function the Keras object itself is not tracked: only its variables go into the SavedModel.
        self._score: Scorer | None = None if scorer is None else lambda features: scorer(features)
        self.scores_by = id(scorer)
        self._scorer_variables = [getattr(variable, "value", variable) for variable in getattr(scorer, "variables", ())]

    @property
    def gathers(self) -> tuple[CandidateCounts, bool]:
        """What the candidates depend on; rankers of which it is equal gather the same."""
        return self._counts, self._with_rules

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
        width = tf.clip_by_value(k, 0, self._size)
        candidates, features = self.describe(history, user_vectors, width, allowed)
        scores = self.adjusted(history, candidates, self.score(features))
        return best_candidates(candidates, scores, width)

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
        candidates, told = self.look_over(history, user_vectors, k, allowed)
        return candidates, self.describe_some(history, candidates, told)

    def look_over(
        self, history: History, user_vectors: tf.Tensor, k: tf.Tensor | int = 0, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the candidates as `describe` does, and of the features only the last: what other models say of them.

        These are what depends on all candidates; the others are by far the most work.
        """
        known = self.look_up(history, user_vectors)
        candidates = self.gather(history, known, k, allowed)
        scores = self.scores_of(user_vectors, known, candidates)
        return candidates, self.features_of.of_scores(scores, candidates, with_rules=self._with_rules)

    def describe_some(self, history: History, candidates: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """Returns the features of all candidates or some, with what `look_over` says of these, as `describe` does."""
        alone = self.features_of.alone(history, candidates, tf.convert_to_tensor(self.statistics))
        return tf.concat([alone, told], axis=-1)

    def look_up(self, history: History, user_vectors: tf.Tensor) -> KnownScores:
        """Returns what the sources say of every product."""
        return KnownScores(
            near=self._index.scores(user_vectors),
            neighbours=self.neighbours.scores(first_of_equals(history.products)),
            rules=None if self.rules is None else self.rules.best(history.products),
        )

    def gather(self, history: History, known: KnownScores, k: tf.Tensor | int, allowed: tf.Tensor | None) -> tf.Tensor:
        """Returns the candidates of this ranker, as `describe` does."""
        counts = self._counts
        others = not_listed(history.products, self._size)
        own = history.products
        if allowed is not None:
            others &= allowed
            own = tf.where(tf.gather(allowed, tf.maximum(own, 0), batch_dims=1), own, -1)
        near = tf.clip_by_value(tf.maximum(k, counts.near), 0, self._size)
        sources = [
            own,
            top_allowed(known.near, near, others)[1],
            _highest(known.neighbours, others & (known.neighbours > 0.0), counts.neighbours),
            # Read once: of a variable that is gathered from, TensorFlow copies the whole at every other read.
            _highest(tf.convert_to_tensor(self.statistics)[:, _POPULARITY], others, counts.popular),
        ]
        if known.rules is not None and self._with_rules:
            confidence = known.rules.confidence
            sources.append(_highest(confidence, others & (confidence > 0.0), counts.rules))
        return closed_up(first_of_equals(tf.concat(sources, axis=1)), k)

    def describe_candidates(
        self, history: History, user_vectors: tf.Tensor, known: KnownScores, candidates: tf.Tensor
    ) -> Described:
        """Returns what is known of each candidate whatever the others are."""
        alone = self.features_of.alone(history, candidates, tf.convert_to_tensor(self.statistics))
        return Described(alone, self.scores_of(user_vectors, known, candidates))

    def features(self, described: Described, candidates: tf.Tensor) -> tf.Tensor:
        """Returns the features of candidates, as `describe` does."""
        told = self.features_of.of_scores(described.scores, candidates, with_rules=self._with_rules)
        return tf.concat([described.alone, told], axis=-1)

    def scores_of(self, user_vectors: tf.Tensor, known: KnownScores, candidates: tf.Tensor) -> CandidateScores:
        """Returns what other models say of candidates."""
        wanted = tf.maximum(candidates, 0)
        agreement = self._index.items(candidates) * user_vectors[:, tf.newaxis]
        return CandidateScores(
            rules=None if known.rules is None else known.rules.of(wanted),
            linear=tf.reduce_sum(self._index.linear_part(agreement), axis=-1),
            recent=tf.reduce_sum(self._index.tower_part(agreement), axis=-1),
            neighbours=tf.gather(known.neighbours, wanted, batch_dims=1),
        )

    def score(self, features: tf.Tensor) -> tf.Tensor:
        """Returns what the scorer makes of features, float32 `(batch, candidates)`."""
        if self._score is None:
            raise ValueError("This ranker was made without a scorer, to describe candidates only.")
        return tf.cast(self._score(features), tf.float32)

    def adjusted(self, history: History, candidates: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """Changes scores as the model's `adjustment` says; the user's own products lose no popularity."""
        wanted = tf.maximum(candidates, 0)
        if self.adjustment.popularity_damping > 0.0:
            had = ~tf.gather(not_listed(history.products, self._size), wanted, batch_dims=1)
            popularity = tf.gather(tf.convert_to_tensor(self.statistics)[:, _DAMPED], wanted)
            damping = self.adjustment.popularity_damping
            scores = without_popularity(scores, tf.where(had, 0.0, popularity), history, damping)
        if self.adjustment.kind_penalty > 0.0:
            kinds = tf.where(candidates >= 0, self.features_of.kinds_of(wanted), 0)
            scores = spread_over_kinds(scores, kinds, self.adjustment.kind_penalty)
        if self.adjustment.exposure_caps:
            capped = [
                (tf.where(candidates >= 0, self.features_of.capped_of(column, wanted), 0), cap)
                for column, cap in self.adjustment.exposure_caps.items()
            ]
            scores = in_turns(tf.where(candidates >= 0, scores, -np.inf), capped)
        return scores


def best_candidates(candidates: tf.Tensor, scores: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the scores and the products of the `k` best of at least as many candidates, both `(batch, k)`.

    Args:
        candidates: int32 `(batch, candidates)`; -1 for none, whose score counts as -inf.
        scores: float32, same shape.
        k: int32 scalar.
    """
    best, places = tf.math.top_k(tf.where(candidates >= 0, scores, -np.inf), k)
    return best, tf.gather(candidates, places, batch_dims=1)


def _highest(values: tf.Tensor, allowed: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the allowed products with the highest values, int32 `(batch, count)`; -1 where there are fewer."""
    best, products = top_k(tf.where(allowed, values, -np.inf), min(count, allowed.shape[1]))
    return tf.where(best > -np.inf, products, -1)


def closed_up(candidates: tf.Tensor, least: tf.Tensor | int) -> tf.Tensor:
    """Moves what is -1 to the end of each row and cuts off what is -1 in all, down to `least` columns.

    A history has many products more than once, and few are as long as a request can be.
    """
    there = candidates >= 0
    lengths = tf.reduce_sum(tf.cast(there, tf.int32), axis=1)
    kept = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(candidates, there), lengths, validate=False)
    columns = tf.maximum(tf.maximum(tf.reduce_max(lengths), least), 1)
    return kept.to_tensor(-1, shape=tf.stack([tf.shape(candidates)[0], columns]))
