"""Exposure of brands and sellers against a count by hand, and planted favours."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from components.recommendation.judging.exposure import exposure_details


def test_shares_by_hand() -> None:
    # Brand b has product 1 at the second of two places, for every other user; a has the rest.
    lists, events = [[0, 1], [0, 2]] * 20, np.array([6, 3, 1])
    found = exposure_details(lists, {"brand": ["a", "b", "a"], "seller": ["x", None, "y"]}, events)
    second = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert {name: each["exposure"] for name, each in found["brand"].items()} == {
        "a": pytest.approx(1 - second / 2),
        "b": pytest.approx(second / 2),
    }
    assert found["brand"]["b"]["events"] == pytest.approx(0.3)
    assert found["brand"]["b"]["difference"] == pytest.approx(second / 2 - 0.3)
    assert {name: each["exposure"] for name, each in found["seller"].items()} == {
        "x": pytest.approx(1 - second),
        "": pytest.approx(second / 2),
        "y": pytest.approx(second / 2),
    }
    assert found["seller"]["y"]["events"] == pytest.approx(0.1)


def test_values_of_all_columns_are_corrected_together() -> None:
    random = np.random.default_rng(1)
    lists = [random.choice(8, 3, replace=False).tolist() for _ in range(60)]
    events = random.integers(5, 20, 8)
    columns = {"brand": list("abababab"), "seller": list("xyzxyzxy")}
    tested = [each for found in exposure_details(lists, columns, events).values() for each in found.values()]
    normal = NormalDist()
    error_of = {id(each): (each["high"] - each["low"]) / 2 / normal.inv_cdf(0.975) for each in tested}
    by_itself = {id(each): 2 * normal.cdf(-abs(each["difference"]) / error_of[id(each)]) for each in tested}
    # Holm: the least of five p-values counts five times, the next four times, and none less than one before it.
    highest = 0.0
    for rank, each in enumerate(sorted(tested, key=lambda each: by_itself[id(each)])):
        highest = max(highest, by_itself[id(each)] * (5 - rank))
        assert each["p_value"] == pytest.approx(min(highest, 1.0), rel=1e-4)


def test_few_users_or_one_value_say_nothing() -> None:
    assert exposure_details([[0, 1]] * 29, {"brand": ["a", "b"]}, np.array([1, 1])) == {}
    assert exposure_details([[0, 1]] * 30, {"brand": ["a", "a"]}, np.array([1, 1])) == {}
    assert exposure_details([[]] * 40, {"brand": ["a", "b"]}, np.array([1, 1])) == {}
    assert set(exposure_details([[0, 1]] * 30, {"brand": ["a", "b"], "seller": [None] * 2}, np.ones(2, int))) == {
        "brand"
    }


def favoured_shop(seed: int, favour: float) -> dict[str, dict[str, Any]]:
    """What is said of eight brands that sell alike, of which one is that much likelier to be shown, to 300 users."""
    random = np.random.default_rng(seed)
    weights = np.where(np.arange(80) % 8 == 3, favour, 1.0)
    lists = [random.choice(80, 10, replace=False, p=weights / weights.sum()).tolist() for _ in range(300)]
    return exposure_details(lists, {"brand": [f"b{product % 8}" for product in range(80)]}, np.full(80, 10))["brand"]


def test_in_twenty_fair_shops_no_brand_is_called_favoured() -> None:
    for seed in range(20):
        assert not any(each["beyond_chance"] for each in favoured_shop(seed, 1.0).values())


def test_a_brand_with_five_points_too_much_is_found_nine_times_in_ten() -> None:
    found = [favoured_shop(seed, 1.5)["b3"] for seed in range(20)]
    assert sum(each["beyond_chance"] for each in found) >= 18
    assert np.mean([each["difference"] for each in found]) == pytest.approx(1.5 / 8.5 - 1 / 8, abs=0.01)
