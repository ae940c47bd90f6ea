"""Stretches of weeks against all ways to cut them, and chances against counting."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from components.opinions.change_points import bad_weeks, change_points, false_discovery_limit, share_interval

WEEKS = st.lists(st.tuples(st.integers(1, 12), st.floats(0.0, 1.0)), min_size=1, max_size=7)


def columns(weeks: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    reviews = np.array([reviews for reviews, _ in weeks])
    return np.array([round(count * share) for count, share in weeks]), reviews


def fit(negatives: np.ndarray, reviews: np.ndarray) -> float:
    share = negatives.sum() / reviews.sum()
    terms = ((negatives.sum(), share), ((reviews - negatives).sum(), 1 - share))
    return sum(count * math.log(part) for count, part in terms if count)


@settings(deadline=None, max_examples=60)
@given(WEEKS)
def test_stretches_are_the_best_of_all_ways_to_cut(weeks: list[tuple[int, float]]) -> None:
    negatives, reviews = columns(weeks)

    def worth(starts: list[int]) -> float:
        ends = [*starts[1:], len(reviews)]
        return sum(fit(negatives[a:b], reviews[a:b]) - 2.0 for a, b in zip(starts, ends, strict=True))

    ways = [[0, *cut] for size in range(len(reviews)) for cut in combinations(range(1, len(reviews)), size)]
    assert worth(change_points(negatives, reviews)) == pytest.approx(max(map(worth, ways)), abs=1e-9)


def test_a_bad_stretch_is_found_with_its_chance() -> None:
    reviews = np.full(30, 10)
    negatives = np.ones(30, np.int64)
    negatives[12:15] = 7
    (found,) = bad_weeks(range(100, 130), negatives, reviews)
    assert (found.first, found.last, found.reviews, found.negatives) == (112, 114, 30, 21)
    assert found.usual == pytest.approx(27 / 270)
    chance = stats.fisher_exact([[21, 9], [27, 243]], alternative="greater").pvalue
    assert found.p_value == pytest.approx(30 * chance, rel=1e-6)
    # Good weeks are no alarm, and one share throughout is none.
    assert bad_weeks(range(30), 10 - negatives, reviews) == [] or all(
        bad.usual < bad.negatives / bad.reviews for bad in bad_weeks(range(30), 10 - negatives, reviews)
    )
    assert bad_weeks(range(30), np.ones(30, np.int64), reviews) == []
    assert bad_weeks([5], np.array([9]), np.array([9])) == []


def test_intervals_are_those_of_wilson() -> None:
    for negatives, reviews in ((0, 4), (3, 7), (50, 400), (9, 9)):
        expected = stats.binomtest(negatives, reviews).proportion_ci(0.95, method="wilson")
        assert share_interval(negatives, reviews) == pytest.approx((expected.low, expected.high))


@given(st.lists(st.floats(0.0, 0.2), max_size=20), st.integers(20, 100))
def test_alarms_are_those_of_benjamini_and_hochberg(chances: list[float], tests: int) -> None:
    limit = false_discovery_limit(chances, tests, 0.05)
    adjusted = stats.false_discovery_control([*chances, *[1.0] * (tests - len(chances))])
    assert sum(chance <= limit for chance in chances) == sum(adjusted <= 0.05)
