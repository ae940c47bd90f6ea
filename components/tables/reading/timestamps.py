"""Reads timestamps, and says which are refused: what cannot be read, what is past, in milliseconds or in the future."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.number_columns import (
    EXACT_INTEGERS,
    NUMBER,
    numbers_of,
    parse_integers,
    whole_numbers,
)
from components.tables.reading.parsed_column import Mask, ParsedColumn, is_text, missing_rows, trimmed
from serving.graph.time_units import DAY_SECONDS

# A Unix time past this (the year 5138) is milliseconds.
MILLISECONDS_FROM = 10**11
# Local times without a zone, read as UTC, lie up to 14 hours ahead; a real error lies much farther.
FUTURE_TOLERANCE_SECONDS = DAY_SECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamps(array: pa.Array) -> ParsedColumn:
    """Parses Unix seconds, ISO 8601, dates and times into Unix seconds (int64), rounded down.

    A time without a zone is UTC. What is none of these has the problem `unparsable` (`not_an_integer` in a column of
    integers that do not fit).
    """
    if pa.types.is_null(array.type):
        return ParsedColumn(values=array.cast(pa.int64()))
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return ParsedColumn(values=_seconds(array))
    if pa.types.is_integer(array.type):
        return parse_integers(array)
    if not is_text(array.type):
        return _floored(*numbers_of(array))
    text = trimmed(array)
    for cast in (_integers_of_text, _seconds_of_text, _seconds_of_text_with_zone):
        try:
            return ParsedColumn(values=cast(text))
        except pa.ArrowInvalid:
            continue
    seconds = [_unix_seconds(value) for value in text.to_pylist()]
    values = pa.array([None if value is False else value for value in seconds], pa.int64())
    wrong = np.array([value is False for value in seconds], np.bool_)
    return ParsedColumn(values=values, problems={"unparsable": wrong} if wrong.any() else {})


def timestamp_problems(seconds: pa.Array, now_seconds: float) -> Iterator[tuple[str, Mask]]:
    """Yields what may be wrong with timestamps that could be parsed, and the rows (bool, one a row) that have it.

    Args:
        seconds: Unix seconds, int64; null where there is none, which is no problem here.
        now_seconds: The present in Unix seconds.

    Yields:
        The ending of the reason's name, and the rows; the first problem of a row is the one that counts.
    """
    latest = int(now_seconds) + FUTURE_TOLERANCE_SECONDS
    yield "in_milliseconds", _rows(pc.greater(seconds, MILLISECONDS_FROM))
    yield "in_future", _rows(pc.greater(seconds, latest))
    yield "before_1970", _rows(pc.less(seconds, 0))


def _rows(mask: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), np.bool_)


def _floored(values: pa.Array, unparsable: Mask) -> ParsedColumn:
    return whole_numbers(pc.floor(values), unparsable, "unparsable")


def _integers_of_text(text: pa.Array) -> pa.Array:
    return text.cast(pa.int64())


def _seconds_of_text(text: pa.Array) -> pa.Array:
    return _seconds(text.cast(pa.timestamp("ns")))


def _seconds_of_text_with_zone(text: pa.Array) -> pa.Array:
    return _seconds(text.cast(pa.timestamp("ns", "UTC")))


def _seconds(array: pa.Array) -> pa.Array:
    """Gives Unix seconds, rounded down; a time without a zone is UTC."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s"))
    units = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[array.type.unit]
    integers = array.cast(pa.int64())
    numbers = integers.fill_null(0).to_numpy(zero_copy_only=False) // units
    return pa.array(numbers, pa.int64(), mask=missing_rows(integers))


def _unix_seconds(text: str | None) -> int | bool | None:
    """Reads Unix seconds or ISO 8601; None for no text, False for what is neither."""
    if text is None:
        return None
    if NUMBER.fullmatch(text):
        number = float(text)
        return int(number // 1) if abs(number) < EXACT_INTEGERS else False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(seconds=1)
