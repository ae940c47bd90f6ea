"""Shapley values against the mean over all orders."""

from itertools import permutations
from math import factorial

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.recommendation.reasons.shapley import shapley_values

PART_OF = np.array([0, 2, 1, 0])


def score(features: tf.Tensor) -> tf.Tensor:
    """A score of four features that do not simply add up."""
    a, b, c, d = tf.unstack(features, axis=-1)
    return a * b + tf.tanh(c) * d - tf.maximum(a, c)


def by_orders(present: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """What each part adds when it comes, averaged over all orders."""
    totals = np.zeros(3)
    for order in permutations(range(3)):
        features = absent.copy()
        before = float(score(tf.constant(features[None, None]))[0, 0])
        for part in order:
            features[part == PART_OF] = present[part == PART_OF]
            after = float(score(tf.constant(features[None, None]))[0, 0])
            totals[part] += after - before
            before = after
    return totals / factorial(3)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-3, 3, width=32), min_size=8, max_size=8))
def test_a_part_gets_what_it_adds_on_average_over_all_orders(values: list[float]) -> None:
    present, absent = np.array(values, np.float32).reshape(2, 4)
    base, found = shapley_values(score, tf.constant(present[None]), tf.constant(absent[None]), PART_OF)
    np.testing.assert_allclose(found[0], by_orders(present, absent), atol=1e-4)
    whole = float(score(tf.constant(present[None, None]))[0, 0])
    np.testing.assert_allclose(float(base[0]) + found.numpy().sum(), whole, atol=1e-4)
