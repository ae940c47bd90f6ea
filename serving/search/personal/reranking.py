"""Reorders the best things of a query for who asks; plain TensorFlow ops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from serving.graph.history import History
from serving.search.personal.asked_before import AskedBefore, AskedQueries
from serving.search.personal.features import PersonalFeatures, PersonalProducts
from serving.search.things import Found

# The best things of a query that are reordered; those behind them stay behind.
RERANKED = 100


@dataclass(frozen=True, kw_only=True)
class PersonalModel:
    """What a reranker knows and has learned.

    Attributes:
        products: What the features need of the products.
        asked: What was chosen of queries.
        event_types: Names of the event types of a history, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        history_length: Events that a request carries.
        reach: How far apart the search's own scores of two things may be that the reranker puts the other way round,
            about: things are taken by steps of so much from the best on, and reordered within a step.
        scorer: Maps features `(batch, n, features)` to scores `(batch, n)`. Its `variables`, if it has any, are saved
            with the module; its `features`, if it has them, are the names that it was taught. None in training.
    """

    products: PersonalProducts
    asked: AskedQueries
    event_types: Sequence[str]
    bought_event_type: str
    history_length: int
    reach: float = float("inf")
    scorer: Callable[[tf.Tensor], tf.Tensor] | None = None


class PersonalReranker(tf.Module):
    """Scores the best things of a query anew.

    Args:
        model: What was learned.
        vectors_of: Maps int32 products of any shape to the vectors of their texts; zeros for -1.

    Raises:
        ValueError: The scorer was taught other features.
    """

    def __init__(self, model: PersonalModel, vectors_of: Callable[[tf.Tensor], tf.Tensor]) -> None:
        super().__init__(name="personal_reranker")
        self._features = PersonalFeatures(model.products, AskedBefore(model.asked), vectors_of)
        self.feature_names = self._features.names()
        self._reach = model.reach
        scorer = model.scorer
        taught = tuple(getattr(scorer, "features", self.feature_names))
        if taught != self.feature_names:
            raise ValueError(
                f"`scorer` was taught the features {', '.join(taught)}, and would be asked with "
                f"{', '.join(self.feature_names)}; train it."
            )
        # Behind a plain function the Keras object itself is not tracked: only its variables go into the SavedModel.
        self._score = None if scorer is None else lambda features: scorer(features)
        self._scorer_variables = [getattr(variable, "value", variable) for variable in getattr(scorer, "variables", ())]

    def describe(self, queries: tf.Tensor, found: Found, history: History) -> tf.Tensor:
        """Returns the features of the things that are reordered, float32 `(batch, at most RERANKED, features)`.

        Args:
            queries: float32 `(batch, dimensions)` query vectors.
            found: The best things.
            history: Of each shopper.
        """
        first = found.cut(tf.constant(RERANKED))
        return self._features.describe(queries, first.products, first.scores, history)

    def rerank(self, queries: tf.Tensor, found: Found, history: History, named: tf.Tensor) -> Found:
        """Orders the best things by what the reranker says of them, and the others behind them as they were.

        Products whose id or SKU the query is stay where they are: they are what was asked for.

        Args:
            queries: float32 `(batch, dimensions)` query vectors.
            found: The best things.
            history: Of each shopper.
            named: int32 `(batch, few)` products that the query names; -1 for none.
        """
        if self._score is None:
            raise ValueError("This reranker was made without a scorer, to describe things only.")
        first = found.cut(tf.constant(RERANKED))
        there = first.products >= 0
        scores = tf.cast(self._score(self.describe(queries, found, history)), tf.float32)
        # What the search is sure of, as of a product that is asked for by its title, stays.
        best = tf.reduce_max(tf.where(there, first.scores, tf.float32.min), axis=1, keepdims=True)
        steps = tf.math.floor(tf.where(there, best - first.scores, 0.0) / self._reach)
        span = tf.reduce_max(tf.abs(tf.where(there, scores, 0.0)), axis=1, keepdims=True) * 2.0 + 1.0
        scores -= steps * span
        is_named = tf.reduce_any(first.products[:, :, tf.newaxis] == named[:, tf.newaxis, :], axis=-1) & there
        highest = tf.reduce_max(tf.where(there, scores, tf.float32.min), axis=1, keepdims=True)
        # What is named keeps its own order, above all others.
        scores = tf.where(is_named, highest + first.scores, scores)
        lowest = tf.reduce_min(tf.where(there, scores, tf.float32.max), axis=1, keepdims=True)
        behind = found.scores[:, tf.shape(scores)[1] :] - first.scores[:, -1:]
        scores = tf.concat([tf.where(there, scores, -np.inf), lowest + behind], axis=1)
        scores = tf.where(found.products >= 0, scores, -np.inf)
        order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
        return Found(*(tf.gather(values, order, batch_dims=1) for values in (scores, found.products, found.things)))
