"""Exposure of brands against a count by hand, and planted favours."""

import numpy as np
import pytest

from components.recommendation.judging.exposure import brand_exposure


def test_shares_by_hand() -> None:
    # Brand b has product 1 at the second of two places, for every other user; a has the rest.
    found = brand_exposure([[0, 1], [0, 2]] * 20, ["a", "b", "a"], np.array([6, 3, 1]))
    second = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert found["b"]["exposure"] == pytest.approx(second / 2)
    assert found["a"]["exposure"] == pytest.approx(1 - second / 2)
    assert found["b"]["events"] == pytest.approx(0.3)
    assert found["b"]["difference"] == pytest.approx(second / 2 - 0.3)


def test_few_users_or_one_brand_say_nothing() -> None:
    assert brand_exposure([[0, 1]] * 29, ["a", "b"], np.array([1, 1])) == {}
    assert brand_exposure([[0, 1]] * 30, ["a", "a"], np.array([1, 1])) == {}
    assert brand_exposure([[]] * 40, ["a", "b"], np.array([1, 1])) == {}


def test_a_brand_that_is_favoured_is_found_and_chance_is_not() -> None:
    random = np.random.default_rng(0)
    brands = [f"b{product % 8}" for product in range(80)]
    events = np.full(80, 10)
    found_by_chance = 0
    for _ in range(20):
        fair = [random.choice(80, 10, replace=False).tolist() for _ in range(300)]
        found_by_chance += any(each["beyond_chance"] for each in brand_exposure(fair, brands, events).values())
    # In one shop of a hundred.
    assert found_by_chance <= 1
    weights = np.array([2.0 if product % 8 == 3 else 1.0 for product in range(80)])
    favoured = [random.choice(80, 10, replace=False, p=weights / weights.sum()).tolist() for _ in range(300)]
    found = brand_exposure(favoured, brands, events)
    assert found["b3"]["beyond_chance"]
    assert found["b3"]["difference"] > 0.05
