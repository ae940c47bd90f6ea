"""Weeks of a shop: which week a moment is in, and which weeks are whole."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.demand.series.options import WEEKDAYS
from components.time_zones import wall_from_unix
from serving.graph.time_units import DAY_SECONDS

# 1970-01-01 was a Thursday.
_EPOCH_WEEKDAY = 3
_WEEK_DAYS = 7


class Span(NamedTuple):
    """The whole weeks that events lie in.

    Attributes:
        first: Number of the first week.
        weeks: How many there are.
    """

    first: int
    weeks: int


class ShopWeeks(NamedTuple):
    """How a shop counts days and weeks.

    Attributes:
        time_zone: Where days begin.
        week_start: The day that weeks begin with.
    """

    time_zone: str
    week_start: str

    def days(self, unix_seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Returns the day of each moment, counted from 1970-01-01 on the shop's calendar."""
        return np.asarray(wall_from_unix(unix_seconds, self.time_zone) // DAY_SECONDS)

    def week_of_days(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Returns the week of each day; week 0 has the first `week_start` on or after 1970-01-01."""
        return np.asarray((days - self._first_day()) // _WEEK_DAYS)

    def begin(self, week: int) -> date:
        """Returns the first day of a week."""
        return date(1970, 1, 1) + timedelta(days=self._first_day() + _WEEK_DAYS * week)

    def first_day_of(self, week: int) -> int:
        """Returns the first day of a week, counted from 1970-01-01."""
        return self._first_day() + _WEEK_DAYS * week

    def span(self, first_day: int, last_day: int) -> Span:
        """Returns the whole weeks between two days with events; a week that is cut off at either end is left out."""
        first = -((self._first_day() - first_day) // _WEEK_DAYS)
        after = (last_day + 1 - self._first_day()) // _WEEK_DAYS
        return Span(first, max(0, after - first))

    def _first_day(self) -> int:
        return (WEEKDAYS.index(self.week_start) - _EPOCH_WEEKDAY) % _WEEK_DAYS
