"""Reads texts and names of categories: the same value whatever type a file holds it in."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.number_columns import EXACT_INTEGERS
from components.tables.reading.parsed_column import Mask, ParsedColumn, float_values, is_binary, missing_rows
from components.tables.reading.value_form import ValueForm


def parse_strings(array: pa.Array, _form: ValueForm) -> ParsedColumn:
    """Parses texts and ids into large_binary (UTF-8); "" is missing.

    Text stays as it is. A whole number that became a float or a decimal is written without a fraction, any other number
    as short as it can be, a boolean as `true` or `false`. A float past 2^53 has lost digits, which makes it no id.
    """
    problems: dict[str, Mask] = {}
    data_type = array.type
    if pa.types.is_floating(data_type):
        array, problems = _float_texts(array)
    elif pa.types.is_decimal(data_type):
        texts = pc.replace_substring_regex(array.cast(pa.large_string()), r"(\.[0-9]*?)0+$", r"\1")
        array = pc.replace_substring_regex(texts, r"\.$", "")
    elif is_binary(data_type):
        array, problems = _checked_utf8(array.cast(pa.large_binary()))
        array = array.cast(pa.large_string())
    else:
        array = array.cast(pa.large_string())
    empty = pc.equal(array, "")
    if pc.any(empty).as_py():
        array = pc.if_else(empty, pa.scalar(None, pa.large_string()), array)
    if not problems and not is_binary(data_type):
        try:
            array.validate(full=True)  # Parquet's strings are not checked when they are read.
        except pa.ArrowInvalid:
            array, problems = _checked_utf8(array.cast(pa.large_binary()))
    return ParsedColumn(values=array.cast(pa.large_binary()), problems=problems)


def parse_categories(array: pa.Array, form: ValueForm) -> ParsedColumn:
    """Parses names of categories as `parse_strings` does, and knows numbers and booleans that were written as text.

    pandas and Excel write booleans as `True` or `TRUE`, and whole numbers with a fraction of 0 where one of the column
    was missing. They mean what a typed column means: `true`, and the number without a fraction.
    """
    parsed = parse_strings(array, form)
    text = parsed.values.cast(pa.large_string())
    for pattern, written in (
        (r"^\s*(?:True|TRUE)\s*$", "true"),
        (r"^\s*(?:False|FALSE)\s*$", "false"),
        (rf"^\s*([+-]?[0-9]+)[{form.decimal}]0+\s*$", r"\1"),
    ):
        text = pc.replace_substring_regex(text, pattern, written)
    return ParsedColumn(values=text.cast(pa.large_binary()), problems=parsed.problems)


def _float_texts(array: pa.Array) -> tuple[pa.Array, dict[str, Mask]]:
    """Writes floats as text; what was integers and met a missing value has become floats in many a tool."""
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    missing = missing_rows(array)
    numbers = float_values(array.cast(pa.float64()), np.nan)
    with np.errstate(invalid="ignore"):
        whole = numbers == np.floor(numbers)
        wrong = ~missing & (~np.isfinite(numbers) | (whole & (np.abs(numbers) >= EXACT_INTEGERS)))
    unusable = wrong | missing
    integers = pa.array(np.where(unusable, 0.0, numbers).astype(np.int64), mask=unusable).cast(pa.large_string())
    broken = ~unusable & ~whole
    if broken.any():
        # In its own type: the shortest text of a float32 is shorter than that of the same number as float64.
        shortest = [str(number) for number in array.filter(pa.array(broken)).to_numpy(zero_copy_only=False)]
        integers = pc.replace_with_mask(integers, pa.array(broken), pa.array(shortest, pa.large_string()))
    return integers, {"not_a_string": wrong} if wrong.any() else {}


def _checked_utf8(array: pa.Array) -> tuple[pa.Array, dict[str, Mask]]:
    """Sets what is not UTF-8 to null and reports it."""
    wrong = np.zeros(len(array), np.bool_)
    for index, value in enumerate(array.to_pylist()):
        try:
            if value is not None:
                value.decode("utf-8")
        except UnicodeDecodeError:
            wrong[index] = True
    if not wrong.any():
        return array, {}
    return pc.if_else(pa.array(wrong), pa.scalar(None, pa.large_binary()), array), {"not_utf8": wrong}
