"""Shapley values of a few parts, exactly; plain TensorFlow ops."""

from collections.abc import Callable
from math import factorial

import numpy as np
import tensorflow as tf


def shapley_values(
    score: Callable[[tf.Tensor], tf.Tensor], present: tf.Tensor, absent: tf.Tensor, part_of: np.ndarray
) -> tuple[tf.Tensor, tf.Tensor]:
    """Divides what a score gains by the presence of features among parts of these.

    A part's value is what its presence adds, averaged over all orders in which the parts may come: the only division
    that adds up, is fair to equal parts, and gives nothing to a part that changes nothing (Shapley, "A value for
    n-person games", 1953; Lundberg and Lee, "A unified approach to interpreting model predictions", NeurIPS 2017).
    Every combination is scored, so p parts take 2^p scores for each row.

    Args:
        score: Maps features float32 `(batch, combinations, features)` to scores `(batch, combinations)`.
        present: float32 `(batch, features)`.
        absent: float32 `(batch, features)`; what features are where their part is missing.
        part_of: int `(features,)`, from 0 on: the part of each feature.

    Returns:
        The score with all parts absent, float32 `(batch,)`, and the value of each part, float32 `(batch, parts)`; they
        add up to the score with all present.
    """
    parts = int(part_of.max()) + 1
    # Combination i has part p where bit p of i is set.
    there = (np.arange(2**parts)[:, np.newaxis] >> np.arange(parts)) & 1
    mixed = tf.where(tf.constant(there[:, part_of] > 0), present[:, tf.newaxis], absent[:, tf.newaxis])
    scores = score(mixed)
    values = tf.matmul(scores, tf.constant(_weights(there), tf.float32), transpose_b=True)
    return scores[:, 0], values


def _weights(there: np.ndarray) -> np.ndarray:
    """Returns what each combination counts for each part, float64 `(parts, combinations)`.

    Args:
        there: int `(combinations, parts)` of 0 and 1.
    """
    parts = there.shape[1]
    size = there.sum(axis=1)
    orders = np.array([factorial(others) * factorial(parts - 1 - others) / factorial(parts) for others in range(parts)])
    with_part = orders[np.maximum(size - 1, 0)]
    without_part = orders[np.minimum(size, parts - 1)]
    weights: np.ndarray = np.where(there.T > 0, with_part, -without_part)
    return weights
