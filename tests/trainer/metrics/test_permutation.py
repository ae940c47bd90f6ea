"""What matters to a model, against expectations by hand and another library's."""

import numpy as np
import pytest
from sklearn.inspection import permutation_importance as of_scikit_learn
from sklearn.linear_model import LinearRegression

from trainer.metrics.permutation import Arrays, drawn_rows, permutation_importance

ROWS = 400
RANDOM = np.random.default_rng(1)
INPUTS = {"numbers": RANDOM.normal(size=(ROWS, 3)), "item": RANDOM.integers(0, 2, ROWS)}
TRUE = 3.0 * INPUTS["numbers"][:, 0] - INPUTS["numbers"][:, 1] + 2.0 * INPUTS["item"]


def squared_error(inputs: Arrays) -> float:
    found = 3.0 * inputs["numbers"][:, 0] - inputs["numbers"][:, 1] + 2.0 * inputs["item"]
    return float(np.mean((found - TRUE) ** 2))


def test_a_shuffled_part_costs_twice_its_variance() -> None:
    parts = {name: {"numbers": [place]} for place, name in enumerate("abc")} | {"item": {"item": None}}
    found = permutation_importance(
        INPUTS, parts, squared_error, metric="error", lower_is_better=True, repeats=60, seed=3
    )
    assert found["value"] == 0.0
    assert [part["name"] for part in found["parts"]] == ["a", "item", "b", "c"]
    means = {part["name"]: part["mean"] for part in found["parts"]}
    # The mean of (x - y)^2 over all pairs, of themselves too, is twice the variance.
    for name, expected in (("a", 18.0 * INPUTS["numbers"][:, 0].var()), ("item", 8.0 * INPUTS["item"].var())):
        assert means[name] == pytest.approx(expected, rel=0.03)
    assert means["c"] == 0.0
    assert all(part["deviation"] > 0.0 for part in found["parts"][:-1])


def test_it_agrees_with_scikit_learn() -> None:
    numbers = INPUTS["numbers"]
    target = TRUE + np.random.default_rng(2).normal(size=ROWS)
    model = LinearRegression().fit(numbers, target)
    expected = of_scikit_learn(model, numbers, target, n_repeats=60, random_state=0)
    found = permutation_importance(
        {"numbers": numbers},
        {str(place): {"numbers": [place]} for place in range(3)},
        lambda changed: float(model.score(changed["numbers"], target)),
        metric="r2",
        repeats=60,
        seed=0,
    )
    by_name = {part["name"]: part for part in found["parts"]}
    assert found["value"] == model.score(numbers, target)
    for place in range(3):
        part = by_name[str(place)]
        assert part["mean"] == pytest.approx(expected.importances_mean[place], abs=0.03)
        assert part["deviation"] == pytest.approx(expected.importances_std[place], rel=0.6, abs=1e-4)


def test_what_belongs_together_is_shuffled_together() -> None:
    twins = np.repeat(np.arange(ROWS, dtype=float)[:, np.newaxis], 2, axis=1)
    inputs = {"twins": twins, "third": twins[:, 0]}

    def apart(changed: Arrays) -> float:
        left, right = changed["twins"].T
        return float(np.abs(left - right).mean() + np.abs(left - changed["third"]).mean())

    parts = {
        "one": {"twins": [0]},
        "two": {"twins": [0, 1]},
        "all": {"twins": None, "third": None},
    }
    found = permutation_importance(inputs, parts, apart, metric="apart", lower_is_better=True, seed=0)
    assert [part["name"] for part in found["parts"]] == ["one", "two", "all"]
    assert found["parts"][-1] == {"name": "all", "mean": 0.0, "deviation": 0.0}
    assert np.array_equal(inputs["twins"], twins)


def test_drawn_rows_are_distinct_and_rising() -> None:
    drawn = drawn_rows(1000, 50, seed=4)
    assert len(drawn) == 50
    assert (np.diff(drawn) > 0).all()
    assert np.array_equal(drawn_rows(7, 50, seed=4), np.arange(7))
