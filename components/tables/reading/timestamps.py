"""Reads times of any kind, and says which are refused."""

import math
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from components.tables.form_checks import NUMBER_TIME_FORMATS
from components.tables.reading.number_columns import numbers_of
from components.tables.reading.number_times import times_of_numbers
from components.tables.reading.parsed_column import (
    Mask,
    ParsedColumn,
    is_text,
    missing_rows,
    trimmed,
    true_rows,
)
from components.tables.reading.string_columns import parse_strings
from components.tables.reading.text_times import times_of_format, times_of_text
from components.tables.reading.value_form import ValueForm
from components.time_zones import unix_from_wall
from serving.graph.time_units import DAY_SECONDS

# Clocks differ, and local times that were taken for UTC lie up to 14 hours ahead; a real error lies much farther.
FUTURE_TOLERANCE_SECONDS = DAY_SECONDS
# Both a day and a time, as typed times are written that stand beside texts: it means the same in any format.
_WHOLE_ISO = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}(:\d{2})?)?$"
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def parse_timestamps(array: pa.Array, form: ValueForm) -> ParsedColumn:
    """Parses times into Unix seconds (int64), rounded down.

    Columns of times and dates are read as they are. Where the form names no format, numbers are Unix seconds and texts
    are Unix seconds or ISO 8601. A time that names no zone is of the form's zone. Where the form names one, a text that
    is not of it may be a whole time in ISO 8601: in columns of no fixed type typed times are held so beside texts.

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
    parsed = _in_format(array, pattern, form)
    return _with_whole_iso(parsed, trimmed(array), form) if is_text(array.type) and parsed.problems else parsed


def _in_format(array: pa.Array, pattern: str | None, form: ValueForm) -> ParsedColumn:
    if pattern is None or pattern in NUMBER_TIME_FORMATS:
        numbers, unparsable = numbers_of(array, form)
        return times_of_numbers(numbers, pattern, form.zone).refusing("unparsable", unparsable)
    texts = array if is_text(array.type) else parse_strings(array, form).values
    return times_of_format(trimmed(texts), pattern, form.zone)


def _with_whole_iso(parsed: ParsedColumn, text: pa.Array, form: ValueForm) -> ParsedColumn:
    """Reads what could not be read in a format, but is a whole time in ISO 8601."""
    wrong = parsed.problems.get("unparsable")
    if wrong is None:
        return parsed
    iso = true_rows(pc.match_substring_regex(text, _WHOLE_ISO)) & wrong
    if not iso.any():
        return parsed
    moments = times_of_text(pc.if_else(pa.array(iso), text, pa.scalar(None, pa.large_string())), form)
    others = {problem: rows for problem, rows in parsed.problems.items() if problem != "unparsable"}
    values = pc.coalesce(parsed.values, moments.values)
    return ParsedColumn(values=values, problems=others).refusing("unparsable", wrong & missing_rows(values))


def timestamp_problems(seconds: pa.Array, now_seconds: float) -> Iterator[tuple[str, Mask]]:
    """Yields what may be wrong with times that could be read, and the rows (bool, one a row) that have it.

    Args:
        seconds: Unix seconds, int64; null where there is none, which is no problem here.
        now_seconds: The present in Unix seconds; infinite where times may lie in the future.

    Yields:
        The ending of the reason's name, and the rows.
    """
    if math.isfinite(now_seconds):
        yield "in_future", true_rows(pc.greater(seconds, int(now_seconds) + FUTURE_TOLERANCE_SECONDS))
    yield "before_1970", true_rows(pc.less(seconds, 0))


def _seconds(array: pa.Array, zone: str) -> pa.Array:
    """Gives Unix seconds, rounded down, in the unit of the column: nanoseconds do not hold each year."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    integers = array.cast(pa.int64())
    numbers = integers.fill_null(0).to_numpy(zero_copy_only=False) // _UNITS[array.type.unit]
    if array.type.tz is None:
        numbers = unix_from_wall(numbers, zone)
    return pa.array(numbers, pa.int64(), mask=missing_rows(integers))
