"""How a ranker's scores are changed, where an answer is to be less popular or of more kinds; plain TensorFlow ops."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import tensorflow as tf

from serving.graph.history import History
from serving.graph.time_units import WEEK_SECONDS
from serving.recommendation.distinct import first_of_equals

# After so many products, or events so old on average, popular ones lose half of what they lose after one of just now.
_FEW_PRODUCTS = 8.0
_OLD_SECONDS = 13.0 * WEEK_SECONDS


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What an answer gives up.

    Attributes:
        popularity_damping: How much of a product's popularity is taken out of its score where little is known of the
            user: 0 for nothing, 1 for all of it.
        kind_penalty: What a product's score loses for each better one of its kind.
        exposure_caps: By column, products of one value, such as a brand, that come before what other values have up to
            so many.
    """

    popularity_damping: float = 0.0
    kind_penalty: float = 0.0
    exposure_caps: Mapping[str, int] = field(default_factory=dict)


UNCHANGED = Adjustment()


def without_popularity(scores: tf.Tensor, log_popularity: tf.Tensor, history: History, damping: float) -> tf.Tensor:
    """Takes popularity out of scores where a history is short and of late.

    A score is about the logarithm of how likely a product comes next. What everybody buys comes next after any
    history; less the logarithm of how much a product sells, the score is about how much likelier this history makes it.
    After a long history the ranker knows better, and what somebody had months ago is not what they are after now: of n
    distinct products with a mean age of w weeks, damping / ((1 + (n / 8)^2) (1 + (w / 13)^2)) of it is taken.

    Args:
        scores: float32 `(batch, candidates)`.
        log_popularity: float32, same shape; 0 for a candidate that is to lose nothing.
        history: The whole history of each user, `(batch, width)`.
        damping: 0 takes nothing, 1 all.
    """
    present = tf.cast(history.products >= 0, tf.float32)
    events = tf.reduce_sum(present, axis=1, keepdims=True)
    age = tf.reduce_sum(history.age_seconds * present, axis=1, keepdims=True) / tf.maximum(events, 1.0)
    products = tf.reduce_sum(tf.cast(first_of_equals(history.products) >= 0, tf.float32), axis=1, keepdims=True)
    taken = damping / ((1.0 + tf.square(products / _FEW_PRODUCTS)) * (1.0 + tf.square(age / _OLD_SECONDS)))
    return scores - taken * log_popularity


def spread_over_kinds(scores: tf.Tensor, kinds: tf.Tensor, penalty: float) -> tf.Tensor:
    """Takes `penalty` off each candidate's score for each better one of its kind.

    In the order of what is left, each candidate is the best of those that remain, all of which have lost `penalty` for
    each of their kind that stands before: what choosing them one after another would give, as maximal marginal
    relevance does (Carbonell and Goldstein, SIGIR 1998), without the steps.

    Args:
        scores: float32 `(batch, candidates)`; -inf stays.
        kinds: int64, same shape; 0 is no kind, and loses nothing.
        penalty: At least 0.
    """
    return scores - penalty * tf.cast(_better_of_group(scores, kinds), scores.dtype)


def in_turns(scores: tf.Tensor, capped: Iterable[tuple[tf.Tensor, int]]) -> tf.Tensor:
    """Moves what a group has beyond a cap behind what all groups have up to it, and so on in turns.

    In the order of what comes out, no group has more than its cap of the first candidates while another one has a
    candidate left for this turn; within a turn the order stays. This bounds the exposure of a group in what is shown
    (Singh and Joachims, "Fairness of exposure in rankings", KDD 2018), as far as others have candidates. A candidate of
    several groups, such as a brand and a seller, waits for the last of their turns.

    Args:
        scores: float32 `(batch, candidates)`; -inf stays.
        capped: At least one kind of groups, each as int64 numbers of the same shape, of which 0 is no group and has no
            cap, and the cap, at least 1.
    """
    turns = [_better_of_group(scores, groups) // cap for groups, cap in capped]
    turn = tf.cast(reduce(tf.maximum, turns), scores.dtype)
    known = tf.math.is_finite(scores)
    span = tf.reduce_max(tf.where(known, scores, -np.inf), 1) - tf.reduce_min(tf.where(known, scores, np.inf), 1)
    # Farther than the worst is from the best; a row without candidates has no span.
    step = tf.where(tf.math.is_finite(span), span + 1.0, 0.0)[:, tf.newaxis]
    return scores - step * turn


def _better_of_group(scores: tf.Tensor, groups: tf.Tensor) -> tf.Tensor:
    """Returns how many candidates of its group are better than each, int64 `(batch, candidates)`; 0 in group 0."""
    order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
    order = tf.gather(order, tf.argsort(tf.gather(groups, order, batch_dims=1), axis=1, stable=True), batch_dims=1)
    # Group by group now, and the best of each group first: how many are better is how far away that is.
    group = tf.gather(groups, order, batch_dims=1)
    shape = tf.shape(group, tf.int64)
    unique, run = tf.unique(tf.reshape(tf.range(shape[0])[:, tf.newaxis] * (tf.reduce_max(group) + 1) + group, [-1]))
    place = tf.broadcast_to(tf.range(shape[1]), shape)
    first = tf.math.unsorted_segment_min(tf.reshape(place, [-1]), run, tf.size(unique))
    better = tf.where(group > 0, place - tf.reshape(tf.gather(first, run), shape), 0)
    return tf.gather(better, tf.argsort(order, axis=1), batch_dims=1)
