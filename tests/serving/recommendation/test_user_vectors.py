"""User vectors against sums by hand."""

import math

import numpy as np
import tensorflow as tf

from serving.graph.history import History
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.user_vectors import DECAY_WEEKS, user_vectors

TOWER, LINEAR = 3, 4
VECTORS = np.random.default_rng(0).normal(size=(6, TOWER + LINEAR)).astype(np.float32)
WEEK = 7 * 86_400.0


def embed(products: list[list[int]], weeks: list[list[float]], tower_history: int) -> np.ndarray:
    """Vectors by an encoder that answers the running sum of what it reads."""
    indices = tf.constant(products, tf.int32)
    history = History(indices, tf.zeros_like(indices), tf.constant(weeks, tf.float32) * WEEK)
    return user_vectors(
        history,
        ItemIndex(VECTORS[:, :TOWER], VECTORS[:, TOWER:]),
        lambda vectors, types, gaps, mask: tf.cumsum(vectors, axis=1),
        tower_history,
    ).numpy()


def test_the_encoder_reads_the_latest_events_and_the_linear_model_all() -> None:
    products, weeks = [[2, -1, 5, 2], [-1, -1, -1, -1], [0, 5, 5, 5]], [[9.0, 3.0, 2.0, 0.0]] * 3
    found = embed(products, weeks, tower_history=2)
    for row, events in enumerate(products):
        known = [product for product in events if product >= 0]
        np.testing.assert_allclose(found[row, :TOWER], VECTORS[known[-2:], :TOWER].sum(axis=0), rtol=1e-4, atol=1e-6)
        expected = np.zeros(LINEAR)
        for product in set(known):
            # A product counts once, by the logarithm of its decayed events.
            ages = [weeks[row][place] for place, event in enumerate(events) if event == product]
            expected += math.log1p(sum(math.exp(-age / DECAY_WEEKS) for age in ages)) * VECTORS[product, TOWER:]
        expected /= max(np.linalg.norm(expected), 1e-9)
        np.testing.assert_allclose(found[row, TOWER:], expected, rtol=1e-4, atol=1e-6)


def test_a_row_does_not_depend_on_the_others() -> None:
    alone = embed([[4, 1]], [[5.0, 1.0]], tower_history=2)
    among = embed([[3, 3], [4, 1], [-1, 0]], [[5.0, 1.0]] * 3, tower_history=2)
    np.testing.assert_allclose(among[1], alone[0], rtol=1e-5, atol=1e-6)
