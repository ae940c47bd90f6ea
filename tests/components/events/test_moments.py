"""Where the periods and the ranker's windows begin."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from components.events.moments import SplitMoments, choose_split_moments, window_moments
from components.events.options import SplitOptions

DAY, HOUR = 86_400, 3_600


@pytest.mark.parametrize(("days", "taken"), [(10.0, 10.0), (25.0, 25.0), (28.0, 25.0), (400.0, 25.0)])
def test_towers_keep_three_quarters_of_the_time(days: float, taken: float) -> None:
    hours = Counter(dict.fromkeys(range(100 * 24 + 50), 1))
    start = datetime.fromtimestamp(100 * DAY, UTC)
    options = SplitOptions(test_start=start, validation_days=days)
    assert choose_split_moments(hours, options) == SplitMoments(round((100 - taken) * DAY), 100 * DAY)


def test_windows_cut_the_validation_period_into_equal_parts() -> None:
    windows = window_moments(SplitMoments(80 * DAY, 100 * DAY), 4)
    assert windows == [SplitMoments(day * DAY, 100 * DAY) for day in (80, 85, 90, 95)]


def test_without_moments_there_is_one_window() -> None:
    assert window_moments(SplitMoments(None, None), 4) == [SplitMoments(None, None)]


def test_a_test_period_of_some_days_ends_with_the_events() -> None:
    hours = Counter(dict.fromkeys(range(100 * 24), 1))
    options = SplitOptions(test_days=7, validation_days=10)
    assert choose_split_moments(hours, options) == SplitMoments(83 * DAY, 93 * DAY)
    later = Counter(dict.fromkeys(range(107 * 24), 1))
    assert choose_split_moments(later, options) == SplitMoments(90 * DAY, 100 * DAY)
    with pytest.raises(ValueError, match="say the same"):
        SplitOptions(test_days=7, test_start=datetime.fromtimestamp(0, UTC))
