"""Reads times of any kind, and says which are refused."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.number_columns import numbers_of
from components.tables.reading.number_times import times_of_numbers
from components.tables.reading.parsed_column import Mask, ParsedColumn, is_text, missing_rows, trimmed
from components.tables.reading.string_columns import parse_strings
from components.tables.reading.text_times import times_of_format, times_of_text
from components.tables.reading.value_form import ValueForm
from components.tables.sources import NUMBER_TIME_FORMATS
from components.time_zones import unix_from_wall
from serving.graph.time_units import DAY_SECONDS

# Clocks differ, and local times that were taken for UTC lie up to 14 hours ahead; a real error lies much farther.
FUTURE_TOLERANCE_SECONDS = DAY_SECONDS
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def parse_timestamps(array: pa.Array, form: ValueForm) -> ParsedColumn:
    """Parses times into Unix seconds (int64), rounded down.

    Columns of times and dates are read as they are. Where the form names no format, numbers are Unix seconds and texts
    are Unix seconds or ISO 8601. A time that names no zone is of the form's zone.

    Args:
        array: The column as the file holds it.
        form: The format, the zone, and the sign before fractions of numbers.

    Returns:
        The times. What cannot be read has the problem `unparsable`; a number that cannot be Unix seconds of an event
        has a problem that says what it looks like (`number_times.py`).
    """
    if pa.types.is_null(array.type):
        return ParsedColumn(values=array.cast(pa.int64()))
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return ParsedColumn(values=_seconds(array, form.zone))
    pattern = form.time.format
    if pattern is None and is_text(array.type):
        return times_of_text(trimmed(array), form)
    if pattern is None or pattern in NUMBER_TIME_FORMATS:
        numbers, unparsable = numbers_of(array, form)
        return times_of_numbers(numbers, pattern, form.zone).refusing("unparsable", unparsable)
    texts = array if is_text(array.type) else parse_strings(array, form).values
    return times_of_format(trimmed(texts), pattern, form.zone)


def timestamp_problems(seconds: pa.Array, now_seconds: float) -> Iterator[tuple[str, Mask]]:
    """Yields what may be wrong with times that could be read, and the rows (bool, one a row) that have it.

    Args:
        seconds: Unix seconds, int64; null where there is none, which is no problem here.
        now_seconds: The present in Unix seconds.

    Yields:
        The ending of the reason's name, and the rows.
    """
    latest = int(now_seconds) + FUTURE_TOLERANCE_SECONDS
    yield "in_future", _rows(pc.greater(seconds, latest))
    yield "before_1970", _rows(pc.less(seconds, 0))


def _rows(mask: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), np.bool_)


def _seconds(array: pa.Array, zone: str) -> pa.Array:
    """Gives Unix seconds, rounded down, in the unit of the column: nanoseconds do not hold each year."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    integers = array.cast(pa.int64())
    numbers = integers.fill_null(0).to_numpy(zero_copy_only=False) // _UNITS[array.type.unit]
    if array.type.tz is None:
        numbers = unix_from_wall(numbers, zone)
    return pa.array(numbers, pa.int64(), mask=missing_rows(integers))
