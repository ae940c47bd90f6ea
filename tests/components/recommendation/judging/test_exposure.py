"""Exposure of brands and sellers against a count by hand, and planted favours."""

from statistics import NormalDist

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


def test_a_brand_that_is_favoured_is_found_and_chance_is_not() -> None:
    random = np.random.default_rng(0)
    columns = {"brand": [f"b{product % 8}" for product in range(80)]}
    events = np.full(80, 10)
    found_by_chance = 0
    for _ in range(20):
        fair = [random.choice(80, 10, replace=False).tolist() for _ in range(300)]
        found = exposure_details(fair, columns, events)["brand"]
        found_by_chance += any(each["beyond_chance"] for each in found.values())
    # In one shop of a hundred.
    assert found_by_chance <= 1
    weights = np.array([2.0 if product % 8 == 3 else 1.0 for product in range(80)])
    favoured = [random.choice(80, 10, replace=False, p=weights / weights.sum()).tolist() for _ in range(300)]
    found = exposure_details(favoured, columns, events)["brand"]
    assert found["b3"]["beyond_chance"]
    assert found["b3"]["difference"] > 0.05
