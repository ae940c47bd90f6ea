"""How numbers are written: which sign stands before the fraction."""

import math
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from components.tables.contract import Column, Kind
from components.tables.files.value_arrays import text_array, value_text
from components.tables.reading.currencies import without_currency
from components.tables.reading.number_columns import amount_of
from components.tables.reading.parsing import parse_column
from components.tables.reading.value_form import ValueForm

Sign = Literal[".", ","]

_SHOWN = 3
_MARKS = re.compile(r"[\s'’]")
_POINT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?")
_THOUSANDS_ALONE = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")


def decimal_sign(values: Sequence[Any]) -> tuple[Sign, bool]:
    """Finds the sign before the fraction of numbers that are text.

    Args:
        values: Values of a column, or of several that are written alike; those that are no text say nothing.

    Returns:
        The sign, and whether it is certain: `1,234` alone may be a thousand or a little more than one.
    """
    texts = [_MARKS.sub("", without_currency(value.strip())) for value in values if isinstance(value, str)]
    comma = [text for text in texts if "," in text and _COMMA.fullmatch(text)]
    point = [text for text in texts if "." in text and _POINT.fullmatch(text)]
    telling_comma = sum(not _THOUSANDS_ALONE.fullmatch(text) for text in comma)
    telling_point = sum(not _THOUSANDS_ALONE.fullmatch(text) for text in point)
    if telling_comma > telling_point:
        return ",", telling_point == 0
    if telling_point:
        return ".", telling_comma == 0
    # Nothing but groups of three digits: those with a point are fractions in most exports, those with a comma are not.
    return ".", not comma and not point


def is_number(value: Any, decimal: Sign = ".") -> bool:
    """Says whether a value is a number, or a text that a table's columns of numbers are read from."""
    if isinstance(value, str):
        number = amount_of(value.strip(), ValueForm(decimal=decimal))
        return number is not None and math.isfinite(number)
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def unreadable_numbers(values: Sequence[Any], kind: Kind, decimal: Sign) -> list[Any]:
    """Returns the values of a column that a run would refuse.

    Args:
        values: Values of the column, missing ones left out.
        kind: `float` or `integer`.
        decimal: The sign before the fraction of a number that is text.
    """
    texts = [_text(value, decimal) for value in values]
    parsed = parse_column(text_array(texts).cast(pa.large_string()), kind, ValueForm(decimal=decimal))
    wrong = np.asarray(parsed.values.is_null().to_numpy(zero_copy_only=False), np.bool_)
    return [value for value, refused in zip(values, wrong, strict=True) if refused]


def numbers_beyond(values: Sequence[Any], column: Column, decimal: Sign) -> list[Any]:
    """Returns the values of a column of numbers that are less or more than its contract allows."""
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    numbers = ((value, amount_of(str(value).strip(), ValueForm(decimal=decimal))) for value in values)
    return [value for value, number in numbers if number is not None and not low <= number <= high]


def why_no_numbers(wrong: Sequence[Any], decimal: Sign) -> str:
    """Says why values cannot be read as numbers.

    Args:
        wrong: Of `unreadable_numbers`; at least one.
        decimal: The sign that they were read with.
    """
    shown = ", ".join(f"`{value}`" for value in dict.fromkeys(map(str, wrong[:_SHOWN])))
    if decimal == "." and any(is_number(value, ",") for value in wrong):
        return f"some of its values, such as {shown}, may mean thousands or fractions; write thousands without a comma"
    return f"some of its values are no numbers, such as {shown}"


def _text(value: Any, decimal: Sign) -> str | None:
    if isinstance(value, date | bool):
        return "no number"
    return value_text(float(value) if isinstance(value, Decimal) else value, decimal)
