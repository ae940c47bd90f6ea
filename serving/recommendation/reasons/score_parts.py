"""What a recommendation's score is made of: the parts of the ranker's features, and what each adds; TensorFlow ops."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from serving.graph.history import History
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker
from serving.recommendation.ranking_features import (
    NEIGHBOUR_FEATURES,
    PRODUCT_STATISTICS,
    RULE_FEATURES,
    TOWER_FEATURES,
    CandidateScores,
)
from serving.recommendation.reasons.shapley import shapley_values
from serving.recommendation.rule_scores import BestRules

# Parts that single products of the history stand behind: the product itself, its kind, its brand, what the same people
# had, what goes together in whole histories, the latest events, and rules.
PRODUCT, KIND, BRAND, NEIGHBOURS, LINEAR, RECENT, RULES = (
    "product",
    "kind",
    "brand",
    "neighbours",
    "linear",
    "recent",
    "rules",
)
# And those that none does: how much the user does at all, sales, the season, the price, what an answer gives up, and
# what a product has of which nothing is known.
USER, SALES, SEASON, PRICE, ADJUSTMENT, BASE = "user", "sales", "season", "price", "adjustment", "base"

# Of how a product sells, what is about the time of the year rather than about all time.
_OF_SEASON = ("log_recent", "trend", "log_latest", "latest_trend", "kind_trend")
_PRICE_BESIDE = "log price beside the usual"
_BY_NAME = {
    **dict.fromkeys(PRODUCT_STATISTICS, SALES),
    **dict.fromkeys(_OF_SEASON, SEASON),
    **dict.fromkeys(NEIGHBOUR_FEATURES, NEIGHBOURS),
    **dict.fromkeys(TOWER_FEATURES, RECENT),
    **dict.fromkeys([name for name in TOWER_FEATURES if name.startswith("linear")], LINEAR),
    **dict.fromkeys(RULE_FEATURES, RULES),
    "log price": PRICE,
    _PRICE_BESIDE: PRICE,
}


@dataclass(frozen=True)
class ScoreParts:
    """What a score is made of.

    Attributes:
        names: Of the parts.
        values: float32 `(batch, parts)`; a row adds up to the score.
    """

    names: tuple[str, ...]
    values: tf.Tensor

    @property
    def score(self) -> tf.Tensor:
        """The score, float32 `(batch,)`."""
        return tf.reduce_sum(self.values, axis=1)

    def named(self, name: str) -> tf.Tensor:
        """Returns a part, float32 `(batch,)`; 0 where there is none of the name."""
        return self.values[:, self.names.index(name)] if name in self.names else tf.zeros_like(self.values[:, 0])


def part_of_feature(name: str) -> str:
    """Returns the part that a feature of the ranker belongs to."""
    return _BY_NAME.get(name) or name.partition(":")[0]


def parts_by_ranker(
    ranker: Ranker, history: History, users: tf.Tensor, products: tf.Tensor, allowed: tf.Tensor | None
) -> ScoreParts:
    """Divides a ranker's score of one product for each history, as an answer without filters has it.

    A part is absent where the history is empty; for sales and season, where the product sells as products do on
    average; for the price, where it is what the user pays; for what other models say, where they say nothing.

    Args:
        ranker: The ranker.
        history: The whole history of each user, `(batch, width)`.
        users: float32 `(batch, dimensions)` user vectors.
        products: int32 `(batch,)`, at least 0.
        allowed: bool `(batch, products)`: what the product competes with; None for everything.
    """
    known = ranker.look_up(history, users)
    others = ranker.gather(history, known, 0, allowed)
    asked = products[:, tf.newaxis]
    candidates = tf.concat([asked, tf.where(others == asked, -1, others)], axis=1)
    scores = ranker.scores_of(users, known, candidates)
    names = ranker.feature_names
    present, absent = _features(ranker, history, asked, candidates, scores)
    parts = tuple(dict.fromkeys(part_of_feature(name) for name in names))
    part_of = np.array([parts.index(part_of_feature(name)) for name in names])
    base, values = shapley_values(ranker.score, present, absent, part_of)
    whole = ranker.score(present[:, tf.newaxis])
    if ranker.adjustment.kind_penalty > 0.0 or ranker.adjustment.exposure_caps:
        # What the product loses depends on how all the others rank.
        features = ranker.features(ranker.describe_candidates(history, users, known, candidates), candidates)
        adjusted = ranker.adjusted(history, candidates, ranker.score(features))
    else:
        adjusted = ranker.adjusted(history, asked, whole)
    adjustment = adjusted[:, :1] - whole
    return ScoreParts((*parts, ADJUSTMENT, BASE), tf.concat([values, adjustment, base[:, tf.newaxis]], axis=1))


def parts_by_vectors(index: ItemIndex, users: tf.Tensor, products: tf.Tensor) -> ScoreParts:
    """Divides the score of a model without a ranker: the agreement of two vectors, which has two parts.

    Args:
        index: The item vectors.
        users: float32 `(batch, dimensions)` user vectors.
        products: int32 `(batch,)`, at least 0.
    """
    agreement = index.items(products) * users
    parts = [index.tower_part(agreement), index.linear_part(agreement)]
    return ScoreParts((RECENT, LINEAR), tf.stack([tf.reduce_sum(part, axis=1) for part in parts], axis=1))


def _features(
    ranker: Ranker, history: History, asked: tf.Tensor, candidates: tf.Tensor, scores: CandidateScores
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the features of the product, and those of one like it of which nothing is known: `(batch, features)`."""
    statistics = tf.convert_to_tensor(ranker.statistics)
    nobody = History(tf.fill(tf.shape(history.products), -1), history.types, history.age_seconds)
    alone = [ranker.features_of.alone(each, asked, statistics)[:, 0] for each in (history, nobody)]
    # Of a product of which other models say nothing, beside the same others.
    silent = CandidateScores(*(None if each is None else _first_of(each) for each in scores))
    together = CandidateScores(*(_joined(first, each) for first, each in zip(silent, scores, strict=True)))
    told = ranker.features_of.of_scores(
        together, tf.concat([asked, candidates], axis=1), with_rules=scores.rules is not None
    )
    names = ranker.feature_names[: alone[0].shape[1]]
    # The usual statistics, 0 for the price beside the usual one, and what an empty history says of the rest.
    usual = tf.concat([tf.reduce_mean(statistics, axis=0), [0.0]], axis=0)
    usual_names = (*PRODUCT_STATISTICS, _PRICE_BESIDE)
    places = [usual_names.index(name) if name in usual_names else -1 for name in names]
    absent = tf.where(np.array(places) >= 0, tf.gather(usual, np.maximum(places, 0)), alone[1])
    return tf.concat([alone[0], told[:, 1]], axis=1), tf.concat([absent, told[:, 0]], axis=1)


def _first_of(scores: tf.Tensor | BestRules) -> tf.Tensor | BestRules:
    """Returns zeros for one candidate."""
    if isinstance(scores, BestRules):
        return BestRules(*(tf.zeros_like(each[:, :1]) for each in scores))
    return tf.zeros_like(scores[:, :1])


def _joined(first: tf.Tensor | BestRules | None, others: tf.Tensor | BestRules | None) -> tf.Tensor | BestRules | None:
    if isinstance(first, BestRules) and isinstance(others, BestRules):
        return BestRules(*(tf.concat(each, axis=1) for each in zip(first, others, strict=True)))
    return None if first is None else tf.concat([first, others], axis=1)
