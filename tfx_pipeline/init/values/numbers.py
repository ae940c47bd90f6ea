"""How numbers are written: which sign stands before the fraction."""

import re
from collections.abc import Sequence
from typing import Any, Literal

# What may stand around a number in a column of money.
_DRESS = re.compile(r"[\s'\u00a0\u202f]|[€$£¥₹₽]|R\$|CHF|EUR|USD|GBP|BRL")
_POINT = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?")
_THOUSANDS_ALONE = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")


def decimal_sign(values: Sequence[Any]) -> tuple[Literal[".", ","], bool]:
    """Finds the sign before the fraction of numbers that are text.

    Args:
        values: Values of a column, or of several that are written alike; those that are no text say nothing.

    Returns:
        The sign, and whether it is certain: `1,234` alone may be a thousand or a little more than one.
    """
    texts = [_bare(value) for value in values if isinstance(value, str)]
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


def is_number(value: Any, decimal: str = ".") -> bool:
    """Says whether a value is a number, or text that holds one."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    if not isinstance(value, str):
        return False
    text = _bare(value)
    form = _POINT if decimal == "." else _COMMA
    return any(letter.isdigit() for letter in text) and form.fullmatch(text) is not None


def plain_number(value: Any, decimal: str = ".") -> bool:
    """Says whether a value is a number with nothing around it: no sign of a currency, no groups of thousands."""
    if not isinstance(value, str):
        return is_number(value)
    text = value.strip().replace(",", ".") if decimal == "," else value.strip()
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bare(text: str) -> str:
    return _DRESS.sub("", text)
