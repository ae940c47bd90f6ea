"""Texts as times: ISO 8601, Unix seconds, or a format of strptime.

Whole columns of one simple form go through Arrow. Whatever is not of that form is read by Python, one distinct text at
a time, and gives the same times.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.number_columns import number_of, plain_numbers
from components.tables.reading.number_times import times_of_numbers
from components.tables.reading.parsed_column import ParsedColumn, missing_rows
from components.tables.reading.value_form import ValueForm
from components.time_zones import unix_from_wall

_FRACTION_LAST = r"^[^.]+:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9:]+)?$"
_ZONE_LAST = re.compile(r"[T ].*(?:Z|[+-][0-9:]+)$", re.DOTALL)
_YEAR_1 = int(datetime(1, 1, 2, tzinfo=UTC).timestamp())
_DIGITS = {"Y": "[1-9][0-9]{3}", "m": "[0-9]{2}", "d": "[0-9]{2}", "H": "[0-9]{2}", "M": "[0-9]{2}", "S": "[0-9]{2}"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = datetime(1970, 1, 1)
_SECOND = timedelta(seconds=1)


def times_of_text(text: pa.Array, form: ValueForm) -> ParsedColumn:
    """Reads ISO 8601 and Unix seconds into Unix seconds (int64), rounded down.

    Args:
        text: large_string without white space around it.
        form: Zone of times that name none, and the sign before fractions of numbers.

    Returns:
        The times; what is neither has the problem `unparsable`, and a number may have one of `times_of_numbers`.
    """
    values = _iso_times(text, form.zone)
    if values is not None:
        return ParsedColumn(values=values)
    plain = plain_numbers(text, form)
    if plain is not None:
        return times_of_numbers(plain, None, form.zone)
    distinct = text.dictionary_encode()
    texts: list[str] = distinct.dictionary.to_pylist()
    numbers = pa.array([number_of(value, form) for value in texts], pa.float64(), from_pandas=False)
    is_number = ~missing_rows(numbers)
    moments = _seconds(
        [None if number else _iso_time(value) for number, value in zip(is_number, texts, strict=True)], form.zone
    )
    parsed = times_of_numbers(numbers, None, form.zone)
    both = ParsedColumn(values=pc.coalesce(parsed.values, moments), problems=parsed.problems)
    return _spread(both.refusing("unparsable", ~is_number & missing_rows(moments)), distinct)


def times_of_format(text: pa.Array, time_format: str, zone: str) -> ParsedColumn:
    """Reads texts of one format into Unix seconds (int64), rounded down.

    Args:
        text: large_string without white space around it.
        time_format: As of `datetime.strptime`, whose names of months are English ones.
        zone: Zone of times that name none.

    Returns:
        The times; what is not of the format has the problem `unparsable`.
    """
    iso = _as_iso(text, time_format)
    values = None if iso is None else _iso_times(iso, zone)
    if values is not None:
        return ParsedColumn(values=values)
    distinct = text.dictionary_encode()
    moments = _seconds([_formatted_time(value, time_format) for value in distinct.dictionary.to_pylist()], zone)
    return _spread(ParsedColumn(values=moments).refusing("unparsable", missing_rows(moments)), distinct)


def _spread(parsed: ParsedColumn, distinct: pa.DictionaryArray) -> ParsedColumn:
    """Gives each row what its distinct text has."""
    there = distinct.indices.is_valid().to_numpy(zero_copy_only=False)
    place = distinct.indices.fill_null(0).to_numpy(zero_copy_only=False)
    problems = {problem: there & rows[place] for problem, rows in parsed.problems.items()} if len(parsed.values) else {}
    return ParsedColumn(values=parsed.values.take(distinct.indices), problems=problems)


def _iso_times(text: pa.Array, zone: str) -> pa.Array | None:
    """Reads a column of ISO 8601 of one form at once; None where some value has to be looked at."""
    # A cast that fails takes its time, and what has no dash is no date.
    if not pc.all(pc.match_substring(text, "-")).as_py():
        return None
    if pc.any(pc.match_substring(text, ".")).as_py():
        if not pc.all(pc.match_substring_regex(text, _FRACTION_LAST)).as_py():
            return None
        text = pc.replace_substring_regex(text, r"\.[0-9]+", "")
    # In seconds: nanoseconds hold the years 1677 to 2262 alone, and Arrow lets others wrap around.
    first = text.drop_null().slice(0, 1).to_pylist()
    zoned = bool(first) and _ZONE_LAST.search(first[0]) is not None
    try:
        seconds = text.cast(pa.timestamp("s", "UTC" if zoned else None)).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    if (pc.min(seconds).as_py() or 0) < _YEAR_1:
        return None  # Arrow has a year 0.
    if zoned:
        return seconds
    numbers = unix_from_wall(seconds.fill_null(0).to_numpy(zero_copy_only=False), zone)
    return pa.array(numbers, pa.int64(), mask=missing_rows(seconds))


def _as_iso(text: pa.Array, time_format: str) -> pa.Array | None:
    """Rewrites times that are digits of fixed width; None where the format, or some value, is not that simple."""
    parts = re.split(r"%(.)", time_format)
    directives = parts[1::2]
    if len(set(directives)) != len(directives) or not {"Y", "m", "d"} <= set(directives) <= set(_DIGITS):
        return None
    if not re.fullmatch(r"[ -~]*", "".join(parts[::2])):
        return None
    literals = [re.sub(r"([^0-9A-Za-z ])", r"\\\1", literal) for literal in parts[::2]]
    pattern = literals[0] + "".join(
        f"({_DIGITS[name]}){literal}" for name, literal in zip(directives, literals[1:], strict=True)
    )
    if not pc.all(pc.match_substring_regex(text, f"^{pattern}$")).as_py():
        return None
    place = {name: rf"\{number}" for number, name in enumerate(directives, start=1)}
    hour, minute, second = (place.get(name, "00") for name in "HMS")
    return pc.replace_substring_regex(
        text, f"^{pattern}$", f"{place['Y']}-{place['m']}-{place['d']}T{hour}:{minute}:{second}"
    )


def _iso_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _formatted_time(text: str, time_format: str) -> datetime | None:
    # Digits such as 20260630 are whole numbers to many a tool, which writes them as floats where one is missing.
    others = [re.sub(r"^([0-9]+)\.0+$", r"\1", text)]
    if "%S" in time_format:
        # Times are kept to the second, and programs that write fractions leave them out where they are 0.
        others.append(re.sub(r"(:[0-9]{2})\.[0-9]{1,9}", r"\1", text))
    for written in dict.fromkeys((text, *others)):
        try:
            return datetime.strptime(written, time_format)
        except ValueError:
            continue
    return None


def _seconds(moments: Sequence[datetime | None], zone: str) -> pa.Array:
    """Gives Unix seconds; a moment without a zone is of `zone`."""
    local = np.array([moment is not None and moment.tzinfo is None for moment in moments], np.bool_)
    seconds = [
        None if moment is None else (moment - (_EPOCH if moment.tzinfo else _WALL_EPOCH)) // _SECOND
        for moment in moments
    ]
    numbers = np.array([second or 0 for second in seconds], np.int64)
    numbers[local] = unix_from_wall(numbers[local], zone)
    return pa.array(numbers, pa.int64(), mask=np.array([second is None for second in seconds], np.bool_))
