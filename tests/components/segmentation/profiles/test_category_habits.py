"""What users have bought by category, beside what plain Python counts of the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.segmentation.profiles.category_habits import (
    NAMES,
    Purchases,
    bought_within,
    category_habits,
    share_of_periods,
)
from components.segmentation.profiles.chances import calibration_error, judge

DAY, PERIOD, CATEGORIES, USERS = 86_400, 10 * 86_400, 3, 4
PLACE = {name: place for place, name in enumerate(NAMES)}
# Of a user and a category (-1 for one that is not told apart), so many hours from the start.
ROWS = st.lists(
    st.tuples(st.integers(0, USERS - 1), st.integers(0, 60 * 24), st.integers(-1, CATEGORIES - 1)), max_size=40
)


def purchases_of(rows: list[tuple[int, int, int]]) -> Purchases:
    rows = sorted(rows)
    first = [number == 0 or rows[number - 1][:2] != row[:2] for number, row in enumerate(rows)]
    user, hour, category = (np.array([row[place] for row in rows], np.int64) for place in range(3))
    return Purchases(user, hour * 3600, category, np.array(first, np.float64))


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_habits_are_what_is_counted_by_hand(rows: list[tuple[int, int, int]]) -> None:
    moment, popularity = 40 * DAY, np.array([5.0, 0.0, 2.0])
    found = category_habits(purchases_of(rows), USERS, popularity, moment, PERIOD)
    assert found.shape == (USERS, CATEGORIES, len(NAMES))
    for user in range(USERS):
        own = sorted({(hour * 3600, category) for who, hour, category in rows if who == user and hour * 3600 < moment})
        visits = sorted({time for time, _ in own})
        for category in range(CATEGORIES):
            times = [time for time, each in own if each == category]
            periods = [(moment - time) // PERIOD for time in times]
            value = {name: found[user, category, place] for name, place in PLACE.items()}
            for most in (1, 2, 4, 13):
                count = sum(period < most for period in periods)
                assert value[f"visits of the category in {most} periods"] == pytest.approx(np.log1p(count))
            for most in (2, 4, 13):
                different = len({period for period in periods if period < most})
                assert value[f"periods of the last {most} with a purchase of the category"] == different
            days = [(moment - time) / DAY for time in times]
            assert_same(value["days since the last purchase of the category"], min(days) if days else None)
            gap = (max(days) - min(days)) / (len(days) - 1) if len(days) > 1 else None
            assert_same(value["days between visits of the category"], gap)
            lately = [time for time in visits if moment - time < 4 * PERIOD]
            assert value["visits in 4 periods"] == pytest.approx(np.log1p(len(lately)))
            assert_same(value["days since the last visit"], (moment - visits[-1]) / DAY if visits else None)
            kinds = {each for time, each in own if each >= 0 and moment - time < 4 * PERIOD}
            assert value["categories in 4 periods"] == len(kinds)
            assert value["purchases of the category by all"] == pytest.approx(np.log1p(popularity[category]))


def assert_same(value: float, expected: float | None) -> None:
    assert np.isnan(value) if expected is None else value == pytest.approx(expected, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_what_comes_true_and_the_peer_are_what_is_counted_by_hand(rows: list[tuple[int, int, int]]) -> None:
    purchases, moment = purchases_of(rows), 30 * DAY

    def bought(start: int, end: int) -> np.ndarray:
        found = np.zeros((USERS, CATEGORIES))
        for user, hour, category in rows:
            if category >= 0 and start <= hour * 3600 < end:
                found[user, category] = 1
        return found

    after = bought_within(purchases, USERS, CATEGORIES, moment, moment + PERIOD)
    np.testing.assert_array_equal(after, bought(moment, moment + PERIOD))
    before = [bought(moment - number * PERIOD, moment - (number - 1) * PERIOD) for number in (1, 2)]
    shares = share_of_periods(purchases, USERS, CATEGORIES, moment, PERIOD)
    np.testing.assert_array_equal(shares, np.mean(before, axis=0))


def test_chances_that_come_true_as_often_as_they_say_have_no_calibration_error() -> None:
    chances = np.repeat([0.0, 0.25, 0.5, 1.0], 100)
    came_true = np.concatenate([np.arange(100) < 100 * chance for chance in (0.0, 0.25, 0.5, 1.0)])
    # Groups of 20 pairs are cut out of these, so within one it may be more or less.
    shuffled = np.concatenate([np.random.default_rng(0).permutation(100) + start for start in range(0, 400, 100)])
    assert calibration_error(chances, came_true[shuffled]) < 0.07
    mixed = np.random.default_rng(0).permutation(came_true)
    assert calibration_error(np.full(400, 0.9), mixed) == pytest.approx(0.4625, abs=0.02)
    found = judge(np.array([0.5, 1.0]), np.array([True, True]), np.array([0.0, 0.5]))
    assert (found.brier, found.share_brier, found.pairs) == (0.125, 0.625, 2)
