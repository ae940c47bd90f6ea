"""Reads numbers: which texts are numbers, and which numbers fit."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.parsed_column import Mask, ParsedColumn, float_values, is_text, missing_rows, trimmed

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
# Whole numbers below this are the same as floats.
EXACT_INTEGERS = float(2**53)


def parse_floats(array: pa.Array) -> ParsedColumn:
    """Parses numbers into float64 that float32 can hold."""
    values, unparsable = numbers_of(array)
    problems = {"not_a_number": unparsable} if unparsable.any() else {}
    with np.errstate(over="ignore"):
        infinite = ~np.isfinite(float_values(values, 0.0).astype(np.float32))
    if infinite.any():
        problems["not_finite"] = infinite
        values = pc.if_else(pa.array(infinite), pa.scalar(None, pa.float64()), values)
    return ParsedColumn(values=values, problems=problems)


def parse_integers(array: pa.Array) -> ParsedColumn:
    """Parses whole numbers into int64."""
    if pa.types.is_integer(array.type):
        try:
            return ParsedColumn(values=array.cast(pa.int64()))
        except pa.ArrowInvalid:
            pass  # An unsigned number past the range; as a float it is refused below.
    values, unparsable = numbers_of(array)
    return whole_numbers(values, unparsable, "not_an_integer")


def numbers_of(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Gives float64 values (null where missing or no number), and which rows hold something that is no number."""
    if not is_text(array.type):
        return array.cast(pa.float64(), safe=False), np.zeros(len(array), np.bool_)
    text = trimmed(array)
    try:
        return text.cast(pa.float64()), np.zeros(len(array), np.bool_)
    except pa.ArrowInvalid:
        strings = text.to_pylist()
    numbers = [float(value) if value is not None and NUMBER.fullmatch(value) else None for value in strings]
    values = pa.array(numbers, pa.float64(), from_pandas=False)
    return values, missing_rows(values) & ~missing_rows(text)


def whole_numbers(values: pa.Array, unparsable: Mask, problem: str) -> ParsedColumn:
    """Turns float64 values without a fraction into int64; others, and what could not be parsed, have the problem."""
    numbers = float_values(values, 0.0)
    with np.errstate(invalid="ignore"):
        wrong = unparsable | ~((np.floor(numbers) == numbers) & (np.abs(numbers) < EXACT_INTEGERS))
    integers = np.where(wrong, 0.0, numbers).astype(np.int64)
    return ParsedColumn(
        values=pa.array(integers, mask=wrong | missing_rows(values)), problems={problem: wrong} if wrong.any() else {}
    )
