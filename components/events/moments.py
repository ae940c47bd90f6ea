"""Where the training, validation and test periods begin."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from components.events.history import EventHistory, FloatArray, IntArray, periods_by_last_groups, periods_by_time
from components.events.options import SplitOptions
from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS

TEST_FRACTION = 0.1
# Of the time before the test period, the towers get at least the rest.
MOST_VALIDATION_FRACTION = 0.25


class SplitMoments(NamedTuple):
    """Where the periods begin, in Unix seconds; None where each user's last groups decide.

    The towers learn from what lies before validation. They are validated, and the ranker learns, between the two.
    """

    validation_start: int | None
    test_start: int | None


def choose_split_moments(events_by_hour: Counter[int], options: SplitOptions) -> SplitMoments:
    """Returns the moments of a time split.

    Where the options name neither a start of the test period nor its days, it is the last full hour (UTC) that leaves a
    tenth of the events, or more, at or after it.

    Args:
        events_by_hour: Number of events of each hour since 1970.
        options: The split.
    """
    if options.method == "leave_last_out":
        return SplitMoments(None, None)
    hours = np.array(sorted(events_by_hour), dtype=np.int64)
    test_start = options.test_start_seconds()
    if options.test_days is not None:
        end = (int(hours[-1]) + 1) * HOUR_SECONDS if len(hours) else 0
        test_start = end - round(options.test_days * DAY_SECONDS)
    elif test_start is None:
        sizes = np.array([events_by_hour[hour] for hour in hours.tolist()], dtype=np.int64)
        at_or_after = np.cumsum(sizes[::-1])[::-1]
        enough = hours[at_or_after >= TEST_FRACTION * sizes.sum()]
        test_start = int(enough[-1]) * HOUR_SECONDS if len(enough) else 0
    validation = round(options.validation_days * DAY_SECONDS)
    if len(hours):
        before_test = max(0, test_start - int(hours[0]) * HOUR_SECONDS)
        validation = min(validation, round(MOST_VALIDATION_FRACTION * before_test))
    return SplitMoments(test_start - validation, test_start)


def window_moments(moments: SplitMoments, windows: int) -> list[SplitMoments]:
    """Returns the moments at which the ranker's windows begin, in order: the validation period cut into equal parts.

    What a window's ranker is asked for lies between the window's start and the test period. Where each user's
    last groups decide there is one window, the validation itself.
    """
    if moments.test_start is None or moments.validation_start is None:
        return [moments]
    step = (moments.test_start - moments.validation_start) / windows
    starts = [moments.validation_start + round(number * step) for number in range(windows)]
    return [SplitMoments(start, moments.test_start) for start in starts]


def event_periods(history: EventHistory, moments: SplitMoments, type_weights: FloatArray) -> IntArray:
    """Returns the period of each event, `(events,)`."""
    if moments.test_start is None or moments.validation_start is None:
        return periods_by_last_groups(history, type_weights[history.event_type] > 0)
    return periods_by_time(history, moments.validation_start, moments.test_start)
