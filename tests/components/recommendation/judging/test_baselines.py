"""Baselines against a ranking by plain Python sorting."""

from collections import Counter

import numpy as np
import pytest

from components.recommendation.judging.baselines import BASELINES, Baselines
from components.recommendation.judging.user_products import bought_products, keep_first
from tests.components.recommendation.judging.ranking_data import (
    EVENT_WEIGHTS,
    TEST_START,
    WEEK_SECONDS,
    User,
    description,
    random_catalogue,
    random_users,
    serialize,
)
from trainer.recommendation.judged_users import parse_judged_users


def brute_force(name: str, user: User, catalogue, width: int, *, novel: bool) -> list[int]:
    """Sorts the whole catalogue for one user."""
    popularity = catalogue["decayed_popularity" if name.startswith("decayed") else "popularity"].to_pylist()
    own: Counter[int] = Counter()
    for product, event_type, time in user.history:
        weight = EVENT_WEIGHTS[event_type]
        if name.startswith("decayed"):
            weight *= 0.9 ** ((TEST_START - time) // WEEK_SECONDS)
        if name != "popularity":
            own[product] += weight
    bought = {product for product, event_type, _ in user.history if event_type == 1}
    shown = [product for product in range(len(popularity)) if not (novel and product in bought)]
    return sorted(shown, key=lambda p: (-round(own[p], 9), -popularity[p], p))[:width]


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(("products", "width"), [(40, 10), (8, 10), (40, 3)])
def test_baselines_equal_sorting(name, products, width):
    catalogue = random_catalogue(products, seed=1)
    people = random_users(60, products, seed=2)
    users = parse_judged_users([serialize(user, str(number)) for number, user in enumerate(people)])
    baselines = Baselines(catalogue, description())
    lists = baselines.rank(name, users, width)
    novel_lists = baselines.rank(name, users, width, left_out=bought_products(users, bought_type=1))
    for user, listed, novel in zip(people, lists, novel_lists, strict=True):
        assert listed[listed >= 0].tolist() == brute_force(name, user, catalogue, width, novel=False)
        assert novel[novel >= 0].tolist() == brute_force(name, user, catalogue, width, novel=True)


def test_events_without_a_time_decay_by_their_order():
    catalogue = random_catalogue(5, seed=1)
    # Product 4 came twice, long ago; product 3 came once, ten events later.
    history = [(4, 1, 0), (4, 1, 0), *[(0, 0, 0)] * 10, (3, 1, 0)]
    users = parse_judged_users([serialize(User(history, 0, [1], {}), "a")])
    without_time = description() | {"has_timestamps": False, "test_start": None, "event_weights": [0.0, 1.0]}
    baselines = Baselines(catalogue, without_time)
    assert baselines.rank("personal_frequency", users, 2).tolist() == [[4, 3]]
    assert baselines.rank("decayed_personal_frequency", users, 2).tolist() == [[3, 4]]


def test_keep_first_moves_kept_products_to_the_front():
    lists = np.array([[5, 6, 7, 8], [1, 2, 3, 4]])
    keep = np.array([[False, True, False, True], [True, True, True, False]])
    assert keep_first(lists, keep, 2).tolist() == [[6, 8], [1, 2]]
    assert keep_first(lists, keep, 3).tolist() == [[6, 8, -1], [1, 2, 3]]
