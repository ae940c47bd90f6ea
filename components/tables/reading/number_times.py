"""Numbers as times: in which format, and what a number looks like that cannot be Unix seconds of a shop's event.

A number is never taken for another format than the one that is given: 20260630 is a valid Unix second of August 1970.
Where nobody has said that numbers are Unix seconds, those that look like a date of any calendar, or a day of Excel, are
refused, and the reason says what they look like; so are those after the year 5138. Other small numbers, such as
123456, are times of the 1970s: they may be seconds since a start that nobody knows.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.tables.reading.number_columns import EXACT_INTEGERS
from components.tables.reading.parsed_column import Mask, ParsedColumn, float_values, missing_rows
from components.time_zones import unix_from_wall
from serving.graph.time_units import DAY_SECONDS

MILLISECONDS_FROM = 1e11
# Days from Excel's day 0, 1899-12-30, to 1970-01-01.
_EXCEL_EPOCH_DAYS = 25_569
_MOST_DAYS = 1e9
_PARTS_OF_SECOND = {"unix_seconds": 1, "unix_milliseconds": 1_000, "unix_microseconds": 1_000_000}

_Floats = npt.NDArray[np.float64]


def times_of_numbers(numbers: pa.Array, time_format: str | None, zone: str) -> ParsedColumn:
    """Gives the times (Unix seconds, int64, rounded down) that numbers stand for.

    Args:
        numbers: float64; null where there is none.
        time_format: One of `NUMBER_TIME_FORMATS`; None for Unix seconds that nobody has said to be such.
        zone: Time zone of Excel's days, which are local.

    Returns:
        The times; what is no finite number has the problem `unparsable`. Without a format, numbers that look like
        something else have a problem that names it.
    """
    values, missing = float_values(numbers, 0.0), missing_rows(numbers)
    broken = ~missing & ~np.isfinite(values)
    values = np.where(broken, 0.0, values)
    if time_format == "excel":
        # To the millisecond, which is what Excel shows: 08:30 has no exact fraction of a day.
        days = np.clip(values, -_MOST_DAYS, _MOST_DAYS) - _EXCEL_EPOCH_DAYS
        wall = np.round(days * DAY_SECONDS, 3)
        seconds = unix_from_wall(_floored(wall), zone)
    else:
        seconds = _floored(values / _PARTS_OF_SECOND[time_format or "unix_seconds"])
    parsed = ParsedColumn(values=pa.array(seconds, mask=missing)).refusing("unparsable", broken)
    there = ~missing & ~broken
    if time_format not in (None, "unix_seconds") or not (there & ~_plain_seconds(values)).any():
        return parsed
    looks = _finer_than_seconds(values)
    if time_format is None:
        looks = {**_looks_like(values), **looks}
    for problem, rows in looks.items():
        # Of two problems the first one counts.
        parsed = parsed.refusing(problem, rows & there)
        there &= ~rows
    return parsed


def _plain_seconds(values: _Floats) -> Mask:
    """Tells which numbers lie where no others are looked for: from March 1973 to the year 5138."""
    return np.asarray((values >= 1e8) & (values <= MILLISECONDS_FROM))


def _looks_like(values: _Floats) -> dict[str, Mask]:
    return {
        "looks_like_excel_serial": np.asarray((values >= 20_000) & (values < 80_000)),  # 1954 to 2119.
        "looks_like_yyyymm": _is_month(values),
        "looks_like_yyyymmdd": _is_date(values),
        "looks_like_yyyymmddhhmm": _is_date(np.floor(values / 1e4)) & (values % 1e4 < 2_400),
        "looks_like_yyyymmddhhmmss": _is_date(np.floor(values / 1e6)) & (values % 1e6 < 240_000),
    }


def _finer_than_seconds(values: _Floats) -> dict[str, Mask]:
    units = (("in_milliseconds", MILLISECONDS_FROM), ("in_microseconds", 1e14), ("in_nanoseconds", 1e17))
    return {problem: np.asarray((values > low) & (values <= low * 1e3)) for problem, low in units}


def _is_date(values: _Floats) -> Mask:
    """Tells which numbers are a day as eight digits, of any year: 2568 and 1404 are years of calendars in use."""
    month, day = np.floor(values / 100) % 100, values % 100
    within = (values >= 1e7) & (values < 1e8) & (values == np.floor(values))
    return np.asarray(within & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31))


def _is_month(values: _Floats) -> Mask:
    """Tells which numbers are a month of 1990 to 2099 as six digits."""
    within = (values >= 199001) & (values <= 209912) & (values == np.floor(values))
    return np.asarray(within & (values % 100 >= 1) & (values % 100 <= 12))


def _floored(values: _Floats) -> npt.NDArray[np.int64]:
    # What lies beyond is no time of an event, and is refused as such whatever it is exactly.
    return np.floor(np.clip(values, -EXACT_INTEGERS, EXACT_INTEGERS)).astype(np.int64)
