"""Turns columns as files hold them into the contract's kinds, a whole batch at a time.

Each parser tries Arrow's casts on the whole column first; only a column in which some value does not fit is gone
through value by value.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.reading.number_columns import EXACT_INTEGERS, parse_floats, parse_integers
from components.tables.reading.parsed_column import (
    Mask,
    ParsedColumn,
    float_values,
    is_binary,
    is_text,
    missing_rows,
    trimmed,
)
from components.tables.reading.timestamps import parse_timestamps

_BOOLEANS = {"true": 1, "t": 1, "yes": 1, "y": 1, "1": 1, "false": 0, "f": 0, "no": 0, "n": 0, "0": 0}


def parse_column(array: pa.Array, kind: str) -> ParsedColumn:
    """Parses one column.

    Args:
        array: The column as the file holds it.
        kind: The contract's kind for it.

    Returns:
        The values, and which rows have none because theirs is wrong.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return _PARSERS[kind](array)


def _parse_string(array: pa.Array) -> ParsedColumn:
    problems: dict[str, Mask] = {}
    data_type = array.type
    if pa.types.is_floating(data_type):
        # What was integers and met a missing value has become floats on its way through many a tool.
        values = array.cast(pa.float64())
        numbers = float_values(values, np.nan)
        wrong = ~missing_rows(values) & ~((numbers == np.floor(numbers)) & (np.abs(numbers) < EXACT_INTEGERS))
        problems = {"not_a_string": wrong} if wrong.any() else {}
        unusable = wrong | missing_rows(values)
        integers = pa.array(np.where(unusable, 0.0, numbers).astype(np.int64), mask=unusable)
        array = integers.cast(pa.large_string())
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


def _parse_boolean(array: pa.Array) -> ParsedColumn:
    if pa.types.is_boolean(array.type):
        return ParsedColumn(values=array.cast(pa.int64()))
    if not is_text(array.type):
        array = array.cast(pa.float64()).cast(pa.large_string())  # 0.0 and 1.0 become "0" and "1".
    text = pc.utf8_lower(trimmed(array))
    known = pa.array(list(_BOOLEANS), pa.large_string())
    found = pc.index_in(text, known)
    values = pc.take(pa.array(list(_BOOLEANS.values()), pa.int64()), found)
    wrong = missing_rows(values) & ~missing_rows(text)
    return ParsedColumn(values=values, problems={"not_a_boolean": wrong} if wrong.any() else {})


def _parse_vector(array: pa.Array) -> ParsedColumn:
    if pa.types.is_null(array.type):
        return ParsedColumn(values=array.cast(pa.large_list(pa.float32())))
    if is_text(array.type):
        parsed = [_vector_of_text(value) for value in trimmed(array).to_pylist()]
        wrong = np.array([value is False for value in parsed], np.bool_)
        array = pa.array([value or None for value in parsed], pa.large_list(pa.float64()))
    else:
        wrong = np.zeros(len(array), np.bool_)
    lists = array.cast(pa.large_list(pa.float64())).cast(pa.large_list(pa.float32()), safe=False)
    flat = pc.list_flatten(lists)
    infinite = ~np.isfinite(float_values(flat, np.nan))
    if infinite.any():
        wrong[pc.list_parent_indices(lists).to_numpy()[infinite]] = True
    unused = pc.equal(pc.fill_null(pc.list_value_length(lists), 0), 0)
    lists = pc.if_else(pc.or_(pa.array(wrong), unused), pa.scalar(None, lists.type), lists)
    return ParsedColumn(values=lists, problems={"not_a_vector": wrong} if wrong.any() else {})


def _vector_of_text(text: str | None) -> list[float] | bool | None:
    if text is None:
        return None
    try:
        values: Any = json.loads(text)
        if isinstance(values, list) and all(type(value) in (int, float) for value in values):
            return [float(value) for value in values]
    except (ValueError, OverflowError, RecursionError):
        pass
    return False


_PARSERS: dict[str, Callable[[pa.Array], ParsedColumn]] = {
    "string": _parse_string,
    "float": parse_floats,
    "integer": parse_integers,
    "boolean": _parse_boolean,
    "timestamp": parse_timestamps,
    "vector": _parse_vector,
}
