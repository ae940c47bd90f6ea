"""The linear model of histories against its normal equations."""

import numpy as np
import pytest

from serving.recommendation.user_vectors import DECAY_WEEKS
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.towers.linear_item_vectors import linear_item_vectors

WEEK = 7 * 86_400
PRODUCTS, USERS, EVENTS = 6, 12, 5


def judged() -> JudgedUsers:
    random = np.random.default_rng(0)
    return JudgedUsers(
        user_ids=[b"user %d" % number for number in range(USERS)],
        history_offsets=np.arange(USERS + 1) * EVENTS,
        history_index=random.integers(0, PRODUCTS, USERS * EVENTS, dtype=np.int32),
        history_type=np.zeros(USERS * EVENTS, np.int32),
        history_time=random.integers(0, 30 * WEEK, USERS * EVENTS),
        query_time=np.full(USERS, 30 * WEEK),
        target_offsets=np.zeros(USERS + 1, np.int64),
        target_index=np.zeros(0, np.int32),
        window=np.zeros(USERS, np.int32),
        attributes={},
    )


def counts_by_hand(users: JudgedUsers) -> np.ndarray:
    counts = np.zeros((USERS, PRODUCTS))
    for row in range(USERS):
        for event in range(*users.history_offsets[row : row + 2]):
            weeks = (users.query_time[row] - users.history_time[event]) / WEEK
            counts[row, users.history_index[event]] += np.exp(-weeks / DECAY_WEEKS)
    return np.log1p(counts)


@pytest.mark.parametrize("dimensions", [PRODUCTS, PRODUCTS + 3])
def test_with_all_singular_values_it_is_the_ridge_regression(dimensions: int) -> None:
    users = judged()
    vectors = linear_item_vectors(users, PRODUCTS, dimensions, seed=0).astype(np.float64)
    assert vectors.shape == (PRODUCTS, dimensions)
    counts = counts_by_hand(users)
    gram = counts.T @ counts
    ridge = np.linalg.svd(counts)[1].min() ** 2
    expected = np.linalg.solve(gram + ridge * np.eye(PRODUCTS), gram)
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)


def test_users_without_history_teach_nothing() -> None:
    users = judged().latest(0)
    assert not linear_item_vectors(users, PRODUCTS, 4, seed=0).any()
    assert linear_item_vectors(users.rows(0, 0), PRODUCTS, 4, seed=0).shape == (PRODUCTS, 4)
    assert linear_item_vectors(judged(), PRODUCTS, 0, seed=0).shape == (PRODUCTS, 0)
