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

from components.tables.reading.number_columns import parse_floats, parse_integers
from components.tables.reading.parsed_column import ParsedColumn, float_values, is_text, missing_rows, trimmed
from components.tables.reading.string_columns import parse_categories, parse_strings
from components.tables.reading.timestamps import parse_timestamps
from components.tables.reading.value_form import ValueForm

_BOOLEANS = {"true": 1, "t": 1, "yes": 1, "y": 1, "1": 1, "false": 0, "f": 0, "no": 0, "n": 0, "0": 0}
_AS_WRITTEN = ValueForm()


def parse_column(array: pa.Array, kind: str, form: ValueForm = _AS_WRITTEN) -> ParsedColumn:
    """Parses one column.

    What a value means depends on the kind and on the form alone: not on its neighbours, nor on the type that a file has
    for it.

    Args:
        array: The column as the file holds it.
        kind: The contract's kind for it.
        form: How times and numbers are written where they are text.

    Returns:
        The values, and which rows have none because theirs is wrong.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return _PARSERS[kind](array, form)


def _parse_booleans(array: pa.Array, _form: ValueForm) -> ParsedColumn:
    if pa.types.is_boolean(array.type):
        return ParsedColumn(values=array.cast(pa.int64()))
    if not is_text(array.type):
        array = array.cast(pa.float64(), safe=False).cast(pa.large_string())  # 0.0 and 1.0 become "0" and "1".
    text = pc.replace_substring_regex(pc.utf8_lower(trimmed(array)), r"^([01])\.0+$", r"\1")
    known = pa.array(list(_BOOLEANS), pa.large_string())
    found = pc.index_in(text, known)
    values = pc.take(pa.array(list(_BOOLEANS.values()), pa.int64()), found)
    wrong = missing_rows(values) & ~missing_rows(text)
    return ParsedColumn(values=values, problems={"not_a_boolean": wrong} if wrong.any() else {})


def _parse_vectors(array: pa.Array, _form: ValueForm) -> ParsedColumn:
    if pa.types.is_null(array.type):
        return ParsedColumn(values=array.cast(pa.large_list(pa.float32())))
    if is_text(array.type):
        parsed = [_vector_of_text(value) for value in trimmed(array).to_pylist()]
        wrong = np.array([value is False for value in parsed], np.bool_)
        array = pa.array([value or None for value in parsed], pa.large_list(pa.float64()))
    else:
        wrong = np.zeros(len(array), np.bool_)
    lists = array.cast(pa.large_list(pa.float64()), safe=False).cast(pa.large_list(pa.float32()), safe=False)
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


_PARSERS: dict[str, Callable[[pa.Array, ValueForm], ParsedColumn]] = {
    "string": parse_strings,
    "category": parse_categories,
    "float": parse_floats,
    "integer": parse_integers,
    "boolean": _parse_booleans,
    "timestamp": parse_timestamps,
    "vector": _parse_vectors,
    "picture": parse_strings,
}
