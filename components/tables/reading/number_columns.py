"""Reads numbers: which texts are numbers, and which numbers fit."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.currencies import without_currency
from components.tables.reading.parsed_column import (
    Mask,
    ParsedColumn,
    float_values,
    is_text,
    missing_rows,
    of_distinct,
    trimmed,
)
from components.tables.reading.value_form import ValueForm

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
# Whole numbers below this are the same as floats.
EXACT_INTEGERS = float(2**53)

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_SHORT_INTEGER = r"^[+-]?[0-9]{1,18}$"
_INT64 = range(-(2**63), 2**63)
# Between thousands: spaces, of no break and narrow ones too, and apostrophes, as in Switzerland.
_SPACES = " \u00a0\u2009\u202f"
_MARKS = f"{_SPACES}'’"


def _grouped(fraction: str, *others: str) -> re.Pattern[str]:
    """Returns a pattern of numbers with one sign between their thousands."""
    bodies = [rf"({re.escape(mark)}\d{{3}})+({fraction}\d+)?" for mark in _MARKS]
    return re.compile(rf"[+-]?\d{{1,3}}({'|'.join([*bodies, *others])})", re.ASCII)


# `1,234` may mean either, so with a point before fractions a comma parts thousands only where a point follows.
_GROUPED = {".": _grouped(r"\.", r"(,\d{3})+\.\d+"), ",": _grouped(",", r"(\.\d{3})+(,\d+)?")}
_SEPARATORS = {".": str.maketrans("", "", f"{_MARKS},"), ",": str.maketrans("", "", f"{_MARKS}.")}


def parse_floats(array: pa.Array, form: ValueForm) -> ParsedColumn:
    """Parses numbers, which may be amounts of a currency, into float64 that float32 can hold."""
    values, unparsable = numbers_of(array, form, amount_of)
    problems = {"not_a_number": unparsable} if unparsable.any() else {}
    with np.errstate(over="ignore"):
        infinite = ~np.isfinite(float_values(values, 0.0).astype(np.float32))
    if infinite.any():
        problems["not_finite"] = infinite
        values = pc.if_else(pa.array(infinite), pa.scalar(None, pa.float64()), values)
    return ParsedColumn(values=values, problems=problems)


def parse_integers(array: pa.Array, form: ValueForm) -> ParsedColumn:
    """Parses whole numbers into int64."""
    if pa.types.is_integer(array.type):
        try:
            return ParsedColumn(values=array.cast(pa.int64()))
        except pa.ArrowInvalid:
            pass  # An unsigned number past the range; as a float it is refused below.
    if not is_text(array.type):
        return _whole_numbers(numbers_of(array, form)[0])
    text = trimmed(array)
    if pc.all(pc.match_substring_regex(text, _SHORT_INTEGER)).as_py():
        return ParsedColumn(values=pc.replace_substring_regex(text, r"^\+", "").cast(pa.int64()))
    values = of_distinct(text, lambda value: _integer_of(value, form), pa.int64())
    return ParsedColumn(values=values).refusing("not_an_integer", missing_rows(values) & ~missing_rows(text))


def number_of(text: str, form: ValueForm) -> float | None:
    """Reads a number as people write it.

    Thousands may be parted by spaces or apostrophes; by a point where a comma stands before the fraction, and by commas
    where a point does and is there.

    Args:
        text: Without white space around it.
        form: Names the sign before the fraction.

    Returns:
        The number, maybe no finite one; None where the text is no number.
    """
    if _GROUPED[form.decimal].fullmatch(text):
        text = text.translate(_SEPARATORS[form.decimal])
    if form.decimal == ",":
        text = text.replace(".", "?").replace(",", ".")
    return float(text) if NUMBER.fullmatch(text) else None


def amount_of(text: str, form: ValueForm) -> float | None:
    """Reads a number that may have a currency before or after it; see `number_of`."""
    return number_of(without_currency(text), form)


def numbers_of(
    array: pa.Array, form: ValueForm, read: Callable[[str, ValueForm], float | None] = number_of
) -> tuple[pa.Array, Mask]:
    """Gives float64 values (null where missing or no number), and which rows hold something that is no number.

    Args:
        array: Numbers or texts.
        form: Names the sign before the fraction.
        read: Reads a text that is no plain number.
    """
    if not is_text(array.type):
        return array.cast(pa.float64(), safe=False), np.zeros(len(array), np.bool_)
    text = trimmed(array)
    values = plain_numbers(text, form)
    if values is None:
        values = of_distinct(text, lambda value: read(value, form), pa.float64())
    return values, missing_rows(values) & ~missing_rows(text)


def plain_numbers(text: pa.Array, form: ValueForm) -> pa.Array | None:
    """Reads a column of texts as numbers at once; None where some value has to be looked at.

    Args:
        text: large_string without white space around it.
        form: Names the sign before the fraction.
    """
    if form.decimal == ",":
        if pc.any(pc.match_substring(text, ".")).as_py():
            return None
        text = pc.replace_substring(text, ",", ".")
    try:
        values = text.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    # Arrow also reads `nan(…)`, which is no number of anybody's.
    return None if pc.any(pc.is_nan(values)).as_py() else values


def _integer_of(text: str, form: ValueForm) -> int | None:
    if _INTEGER.fullmatch(text):
        return int(text) if int(text) in _INT64 else None
    number = number_of(text, form)
    return int(number) if number is not None and abs(number) < EXACT_INTEGERS and number.is_integer() else None


def _whole_numbers(values: pa.Array) -> ParsedColumn:
    """Turns float64 values without a fraction into int64."""
    numbers = float_values(values, 0.0)
    with np.errstate(invalid="ignore"):
        wrong = ~((np.floor(numbers) == numbers) & (np.abs(numbers) < EXACT_INTEGERS))
    integers = pa.array(np.where(wrong, 0.0, numbers).astype(np.int64), mask=missing_rows(values))
    return ParsedColumn(values=integers).refusing("not_an_integer", wrong)
