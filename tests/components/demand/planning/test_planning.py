"""Orders, simulation, classes, moves and prices, by hand or by another way."""

import numpy as np
import pytest
from scipy.stats import norm

from components.demand.planning.classes import abc_classes, xyz_classes
from components.demand.planning.moves import Move, moves_between_stores
from components.demand.planning.ordering import demand_until, newsvendor_level, order_quantity, quantile_at
from components.demand.planning.prices import price_answers, usual_prices
from components.demand.planning.simulation import simulate
from trainer.demand.options import QUANTILES


def normal_quantiles(mean: float, deviation: float, weeks: int = 4) -> np.ndarray:
    return np.tile(norm.ppf(QUANTILES, mean, deviation), (1, weeks, 1))


def test_a_quantile_between_two_is_between_and_those_given_are_kept() -> None:
    found = normal_quantiles(50, 10)[0, 0]
    np.testing.assert_allclose(quantile_at(found, np.array(QUANTILES)), found)
    levels = np.linspace(0.01, 0.999, 200)
    assert (np.diff(quantile_at(found, levels)) >= 0).all()
    assert quantile_at(found, np.array([0.95]))[0] == pytest.approx(norm.ppf(0.95, 50, 10), rel=0.05)


def test_demand_of_several_weeks_is_that_of_their_sum() -> None:
    found = demand_until(normal_quantiles(50, 10), np.array([3.0]), np.array([0.9]))
    assert found[0] == pytest.approx(norm.ppf(0.9, 150, 10 * np.sqrt(3)), rel=0.04)
    half = demand_until(normal_quantiles(50, 10), np.array([0.5]), np.array([0.5]))
    assert half[0] == pytest.approx(25, rel=0.05)
    # Beyond the horizon its last week goes on.
    long = demand_until(normal_quantiles(50, 10, weeks=1), np.array([6.0]), np.array([0.5]))
    assert long[0] == pytest.approx(300, rel=0.03)


def test_orders_are_whole_packs() -> None:
    level, stock, pack = np.array([10.0, 10.0, 10.0, 3.0]), np.array([4.0, 10.0, 12.0, 0.0]), np.array([4.0, 4, 4, 1])
    assert order_quantity(level, stock, pack).tolist() == [8.0, 0.0, 0.0, 3.0]


def test_the_newsvendors_level_is_his_ratio() -> None:
    level = newsvendor_level(np.array([10.0]), np.array([6.0]), 0.25, np.array([365.25]))
    assert level[0] == pytest.approx(4.0 / (4.0 + 6.0 * 0.25))


def test_a_simulation_by_hand() -> None:
    # Stock 5; sells 3, 2 left; orders 3, there a week later; sells 4 of 2; 3 arrive; sells 3.
    found = simulate(
        np.array([[5.0, 5.0, 5.0]]),
        np.array([[3.0, 4.0, 3.0]]),
        np.array([1.0]),
        np.array([1.0]),
        np.array([10.0]),
        np.array([6.0]),
        0.0,
    )
    assert found.fill_rate == pytest.approx((3 + 2 + 3) / 10)
    assert found.lost_margin == pytest.approx(2 * 4.0)
    assert found.cost == found.lost_margin


def test_classes_by_hand() -> None:
    assert abc_classes(np.array([5.0, 80.0, 10.0, 5.0]), (0.8, 0.95)) == ["C", "A", "B", "B"] or abc_classes(
        np.array([5.0, 80.0, 10.0, 5.0]), (0.8, 0.95)
    ) == ["B", "A", "B", "C"]
    units = np.array([[5.0, 5, 5, 5], [2, 8, 2, 8], [0, 0, 0, 20], [0, 0, 0, 0]])
    assert xyz_classes(units, (0.5, 1.0)) == ["X", "Y", "Z", "Z"]


def test_stores_with_too_much_give_to_those_with_too_little() -> None:
    moves = moves_between_stores(
        ["a", "a", "a", "b", "b"],
        ["s1", "s2", "s3", "s1", "s2"],
        np.array([20.0, 1.0, 6.0, 9.0, np.nan]),
        np.array([8.0, 8.0, 8.0, 2.0, 9.0]),
        np.array([4.0, 4.0, 4.0, 1.0, 5.0]),
    )
    assert moves == [Move("a", "s1", "s2", 7)]


def test_an_elasticity_is_found_where_prices_vary_and_nowhere_else() -> None:
    random = np.random.default_rng(0)
    prices = np.exp(random.normal(0, 0.2, (30, 80))) * 5
    shown = random.random((30, 80)) < 0.2
    units = random.poisson(20 * (prices / 5) ** -2.0 * np.where(shown, 2.0, 1.0)).astype(float)
    prices[5] = 5.0
    # A slip, or a crate of them.
    prices[6, 40] = 500.0
    found = price_answers(units, prices, shown[..., None].astype(float), 0.03)
    assert np.isnan(found.elasticity[5])
    rest = np.delete(found.elasticity, 5)
    assert rest.mean() == pytest.approx(-2.0, abs=0.15)
    assert rest.std() < 0.4
    inside = (np.delete(found.low, 5) < -2.0) & (np.delete(found.high, 5) > -2.0)
    assert inside.mean() > 0.8
    assert found.highest[6] < 15.0


def test_a_usual_price_is_that_of_late_and_never_0() -> None:
    prices = np.array([[2.0] * 20 + [3.0] * 13, [2.0] * 10 + [0.0] * 23, [np.nan] * 33])
    np.testing.assert_array_equal(usual_prices(prices), [3.0, 2.0, np.nan])
