"""The moments that users are looked at, and the tiers of what they spend after them."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from components.segmentation.examples.options import SegmentOptions
from serving.graph.time_units import HOUR_SECONDS

_SIGNIFICANT_DIGITS = 5


class SegmentMoments(NamedTuple):
    """Where histories end, in Unix seconds.

    Attributes:
        train: The moments to learn from, the latest first; none where the events cover too short a time.
        test: The moment of the test.
        end: The end of the events.
    """

    train: tuple[int, ...]
    test: int
    end: int


def choose_segment_moments(events_by_hour: Counter[int], options: SegmentOptions, *, given: bool) -> SegmentMoments:
    """Returns the moments at which users are looked at.

    Tiers are learned at moments a step apart, of which the latest lies a period and the gap before the test, and the
    earliest a period after the first event. Given segments are learned and tested at the end.

    Args:
        events_by_hour: Number of events of each hour since 1970.
        options: The period, the steps, and maybe the moment of the test.
        given: Whether the users table gives the segments.
    """
    if not events_by_hour:
        return SegmentMoments((), 0, 0)
    first, end = min(events_by_hour) * HOUR_SECONDS, (max(events_by_hour) + 1) * HOUR_SECONDS
    if given:
        return SegmentMoments((end,), end, end)
    test = options.test_start_seconds()
    if test is None:
        test = end - options.period_seconds
    latest = test - options.gap_seconds - options.period_seconds
    moments = (latest - number * options.step_seconds for number in range(options.windows))
    return SegmentMoments(tuple(moment for moment in moments if moment >= first + options.period_seconds), test, end)


def rounded_spends(spends: npt.NDArray[np.float64]) -> Counter[float]:
    """Counts spends above zero by their first five digits, so that the counts of any number of users stay small."""
    above = spends[spends > 0.0]
    if not len(above):
        return Counter()
    scale = 10.0 ** (_SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(above)))
    values, counts = np.unique(np.round(above * scale) / scale, return_counts=True)
    return Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))


def tier_cuts(spends: Counter[float], tiers: int) -> list[float]:
    """Returns the spends between tiers: quantiles with linear interpolation, as NumPy has them; none of no spend."""
    if not spends:
        return []
    values = np.array(sorted(spends))
    ends = np.cumsum([spends[value] for value in values.tolist()])
    place = np.arange(1, tiers) / tiers * (ends[-1] - 1)
    low, high = (values[np.searchsorted(ends, edge, side="right")] for edge in (np.floor(place), np.ceil(place)))
    cuts: list[float] = (low + (place - np.floor(place)) * (high - low)).tolist()
    return cuts


def segment_definitions(labels: Sequence[str], cuts: Sequence[float]) -> list[dict[str, Any]]:
    """Returns what each tier stands for: spend of a period of more than `from` and up to `to`, None for no bound.

    Args:
        labels: The tier of those who spend nothing, then the others, the lowest first.
        cuts: Spends between the others.
    """
    edges = [None, 0.0, *cuts, None]
    return [
        {"segment": label, "from": low, "to": high} for label, (low, high) in zip(labels, pairwise(edges), strict=True)
    ]


def tiers_of(spends: npt.NDArray[np.float64], cuts: Sequence[float]) -> npt.NDArray[np.int64]:
    """Returns 0 for those who spend nothing, and the number of the tier, from 1 on, of the rest; `(users,)`."""
    above = np.searchsorted(np.asarray(cuts, np.float64), spends, side="left")
    return np.where(spends > 0.0, 1 + above, 0).astype(np.int64)
