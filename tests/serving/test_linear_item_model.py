"""A history's scores by the linear model, against the sum by hand."""

import math

import numpy as np
import tensorflow as tf

from serving.history import History
from serving.linear_item_model import DECAY_WEEKS, LinearItemModel

VECTORS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
WEEK = 7 * 86_400.0


def test_a_product_counts_once_by_the_logarithm_of_its_decayed_events() -> None:
    products, weeks = [[2, -1, 5, 2], [-1, -1, -1, -1], [0, 5, 5, 5]], [[9.0, 3.0, 2.0, 0.0]] * 3
    history = History(tf.constant(products), tf.zeros([3, 4], tf.int32), tf.constant(weeks) * WEEK)
    model = LinearItemModel(VECTORS)
    users = model.user_vectors(history)
    for row, events in enumerate(products):
        expected = np.zeros(4)
        for product in set(events) - {-1}:
            ages = [weeks[row][place] for place, event in enumerate(events) if event == product]
            expected += math.log1p(sum(math.exp(-age / DECAY_WEEKS) for age in ages)) * VECTORS[product]
        np.testing.assert_allclose(users[row], expected, rtol=1e-4, atol=1e-6)
    candidates = tf.constant([[1, 3], [0, -1], [5, 4]])
    expected_scores = np.einsum("rcd,rd->rc", VECTORS[candidates.numpy()], users.numpy())
    np.testing.assert_allclose(model.scores(users, candidates)[::2], expected_scores[::2], rtol=1e-4, atol=1e-6)
