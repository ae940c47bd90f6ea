"""A planted position bias is found, and taken out of what was clicked."""

import numpy as np
import pytest

from components.search.examples.position_model import MOST_POSITIONS, learn_positions, relevance_of_pairs

PLANTED = 1.0 / np.arange(1, 7)


def clicks(queries: int = 80, sessions: int = 60, jitter: float = 1.0, against: float = 0.0) -> tuple[np.ndarray, ...]:
    """Six products a query in an order that varies by session; rows of pair, position, shown and clicked.

    What attracts stands further down the more the order is `against` it.
    """
    random = np.random.default_rng(0)
    attracts = random.uniform(0.1, 0.9, (queries, 6))
    shown, clicked = np.zeros((queries * 6, 6)), np.zeros((queries * 6, 6))
    usual = random.normal(size=(queries, 6)) - against * attracts
    for _ in range(sessions):
        place = np.argsort(np.argsort(-(usual + jitter * random.normal(size=usual.shape)), axis=1), axis=1)
        hit = random.random(place.shape) < PLANTED[place] * attracts
        pair = np.arange(queries * 6)
        shown[pair, place.ravel()] += 1
        clicked[pair, place.ravel()] += hit.ravel()
    pair, position = np.nonzero(shown)
    return pair, position, shown[pair, position], clicked[pair, position], attracts.ravel()


def test_a_planted_bias_is_found_and_taken_out() -> None:
    *rows, attracts = clicks()
    looked_at = learn_positions(*rows)
    assert looked_at.shape == (MOST_POSITIONS,)
    np.testing.assert_allclose(looked_at[:6], PLANTED, atol=0.05)
    np.testing.assert_array_equal(looked_at[6:], looked_at[5])
    corrected = relevance_of_pairs(*rows, looked_at)
    plain = relevance_of_pairs(*rows, np.ones(MOST_POSITIONS))
    assert np.corrcoef(corrected, attracts)[0, 1] > 0.85 > 0.75 > np.corrcoef(plain, attracts)[0, 1]


def test_a_bias_is_found_also_where_the_order_puts_the_worst_first() -> None:
    *rows, attracts = clicks(sessions=200, jitter=1.5, against=4.0)
    looked_at = learn_positions(*rows)
    np.testing.assert_allclose(looked_at[:6], PLANTED, atol=0.06)
    corrected = relevance_of_pairs(*rows, looked_at)
    plain = relevance_of_pairs(*rows, np.ones(MOST_POSITIONS))
    assert np.corrcoef(corrected, attracts)[0, 1] > 0.9 > 0.6 > np.corrcoef(plain, attracts)[0, 1]


def test_each_step_is_that_of_the_formula() -> None:
    pair, position = np.array([0, 0, 1]), np.array([0, 1, 1])
    shown, clicked = np.array([10.0, 10.0, 10.0]), np.array([8.0, 2.0, 3.0])
    # By hand: what was clicked over how often it was looked at, with a tenth of a look more at the mean.
    looked_at = np.append([1.0, 0.5], np.full(MOST_POSITIONS - 2, 0.5))
    mean = 13.0 / 20.0
    expected = [(10.0 + 0.1 * mean) / 15.1, (3.0 + 0.1 * mean) / 5.1]
    assert relevance_of_pairs(pair, position, shown, clicked, looked_at) == pytest.approx(expected)


def test_nothing_shown_is_no_bias() -> None:
    nothing = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    np.testing.assert_array_equal(learn_positions(*nothing), np.ones(MOST_POSITIONS))
    assert relevance_of_pairs(*nothing, np.ones(MOST_POSITIONS)).tolist() == []


def test_places_far_down_are_one() -> None:
    rows = np.zeros(2, np.int64), np.array([0, 7_000]), np.array([5.0, 5.0]), np.array([5.0, 1.0])
    looked_at = learn_positions(*rows)
    assert looked_at[0] == 1.0
    assert looked_at[-1] < 0.5
