"""What a reason of the quarantine means: which column it is about, what was expected there, and what to do."""

import re
from collections.abc import Callable, Iterable, Sequence

from components.tables.refusals.time_formats import formats_that_read

_BEFORE, _AFTER = ("missing_", "negative_", "duplicate_"), "_"
# What may be a fraction too, but hardly ever is where each value looks so.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_FORMAT = "if that is what it is, say `time: {{format: {}}}` beside the table's `path`"


def column_of(reason: str, columns: Iterable[str]) -> str | None:
    """Returns the column that a reason is about; None for one that is about the whole row.

    Args:
        reason: Name of the reason.
        columns: Names of the row's columns.
    """
    for column in sorted(columns, key=len, reverse=True):
        if reason.startswith(column + _AFTER) or reason in {before + column for before in _BEFORE}:
            return column
    return None


def advice_for(reason: str, values: Sequence[str]) -> str:
    """Says what was expected, and what helps.

    Args:
        reason: Name of the reason.
        values: What was seen, as text.

    Returns:
        A clause without a full stop; empty for a reason that says all by itself.
    """
    for ending, advice in _BY_ENDING.items():
        if reason.endswith(ending):
            return advice if isinstance(advice, str) else advice(values)
    for beginning, advice_of_all in _BY_BEGINNING.items():
        if reason.startswith(beginning):
            return advice_of_all
    return ""


def _of_number(values: Sequence[str]) -> str:
    expected = "expected a number such as 12.50"
    if values and all(_THOUSANDS.fullmatch(value) for value in values):
        plain = values[0].replace(",", "")
        return f"{expected}; if `{values[0]}` means {plain}, write thousands without commas"
    if values and all(re.fullmatch(r"[+-]?[\d. '’\u00a0\u202f]*,\d+", value) for value in values):
        return f'{expected}; if a comma stands before the fraction, say `decimal: ","` beside the table\'s `path`'
    if any(re.search(r"\d", value) for value in values):
        return f"{expected}, without a unit or other signs; the usual signs and codes of currencies are read"
    return f"{expected}, and nothing where there is none (`missing` beside the table's `path` names what stands for it)"


def _of_time(values: Sequence[str]) -> str:
    expected = "expected ISO 8601 such as 2026-06-30T14:05:00, or Unix seconds, or what `time.format` of the table says"
    formats = formats_that_read(values)
    if not formats:
        return expected
    named = " or ".join(f'"{each}"' for each in formats[:2])
    return f"{expected}; {_FORMAT.format(named)}"


def _looks_like(what: str, time_format: str) -> str:
    return f"expected Unix seconds or ISO 8601, and this looks like {what}; {_FORMAT.format(time_format)}"


_BY_ENDING: dict[str, str | Callable[[Sequence[str]], str]] = {
    "_not_a_number": _of_number,
    "_not_finite": "expected a finite number, and nothing where there is none",
    "_not_an_integer": "expected a whole number such as 3",
    "_not_a_boolean": "expected true or false, yes or no, 1 or 0",
    "_not_a_vector": "expected a list of numbers such as [0.25, -1.5]",
    "_not_a_list": 'expected a list such as [{"id": 1}], which `explode` makes rows of; leave it out for items alone',
    "_not_a_string": "expected text, or a number that has all its digits: a float keeps 15 of them",
    "_not_utf8": "expected UTF-8",
    "propensity_out_of_range": "expected a probability above 0, at most 1",
    "_out_of_range": "expected a number from 0 to 1",
    "_unparsable": _of_time,
    "_in_milliseconds": _looks_like("milliseconds", "unix_milliseconds"),
    "_in_microseconds": _looks_like("microseconds", "unix_microseconds"),
    "_in_nanoseconds": "expected Unix seconds or ISO 8601, and this looks like nanoseconds; divide by 1,000,000,000",
    "_looks_like_excel_serial": _looks_like("days as Excel counts them", "excel"),
    "_looks_like_yyyymm": _looks_like("months", '"%Y%m"'),
    "_looks_like_yyyymmdd": _looks_like("dates", '"%Y%m%d"'),
    "_looks_like_yyyymmddhhmm": _looks_like("dates and times", '"%Y%m%d%H%M"'),
    "_looks_like_yyyymmddhhmmss": _looks_like("dates and times", '"%Y%m%d%H%M%S"'),
    "missing_user_id": "expected a user; where orders of guests have a basket_id alone, say `guests: baskets` beside "
    "the table's `path`",
    "_in_future": "expected a time up to now, in the Gregorian calendar, where Buddhist 2568 is 2025",
    "_before_1970": "expected a time from 1970 on, in the Gregorian calendar",
}
_BY_BEGINNING = {
    "missing_": "expected a value in each row",
    "negative_": "expected 0 or more",
    "duplicate_": "the first row of an id counts, later ones are refused",
    "wrong_number_of_fields": "expected as many fields as the first line has; a field with a separator in it is quoted",
    "broken_json": "expected one JSON object a line",
    "not_utf8": "expected UTF-8",
}
