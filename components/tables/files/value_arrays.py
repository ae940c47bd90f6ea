"""Values of Python to Arrow arrays, for files whose columns have no fixed type: JSON Lines and Excel."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa

from components.tables.contract import Kind

_EXACT_INTEGERS = 2**53
_TYPES_TRIED: dict[str, tuple[pa.DataType, ...]] = {
    "string": (pa.large_string(), pa.int64()),
    "float": (pa.float64(), pa.large_string()),
    "integer": (pa.int64(), pa.float64(), pa.large_string()),
    "boolean": (pa.bool_(), pa.large_string()),
    "timestamp": (pa.int64(), pa.float64(), pa.large_string(), pa.timestamp("us")),
    "vector": (pa.large_list(pa.float64()), pa.large_string()),
}


def value_array(values: Sequence[Any], kind: Kind) -> tuple[pa.Array, bool]:
    """Gives values as an Arrow array.

    Args:
        values: What a file holds; None where there is nothing.
        kind: What they are to become.

    Returns:
        The array, of the kind's type if all values fit it, else of text in which numbers, booleans, times, lists and
        objects stand as JSON or ISO 8601; and whether the values had a type in common.
    """
    for data_type in _TYPES_TRIED[kind]:
        try:
            return pa.array(values, data_type), True
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
            continue
    return text_array([value_text(value) for value in values]), False


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Gives texts as an Arrow array; of bytes if one of them has no UTF-8."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        # A lone surrogate ("\ud800" in JSON) has no UTF-8. As bytes it reaches the validation, which finds it.
        encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
        return pa.array(encoded, pa.large_binary())


def value_text(value: Any) -> str | None:
    """Writes a value as text: 9.0 as `9`, true as `true`, a time as ISO 8601, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_INTEGERS:
        value = int(value)
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def of_one_type(arrays: Sequence[pa.Array]) -> list[pa.Array]:
    """Returns arrays of one type: as they are if they have one, else all as text.

    Batches of files whose columns have no fixed type may differ: a number here may be text there.
    """
    if len({array.type for array in arrays}) <= 1:
        return list(arrays)
    known = {array.type for array in arrays if not pa.types.is_null(array.type)}
    if len(known) == 1:
        return [array.cast(*known) for array in arrays]
    return [text_array([value_text(value) for value in array.to_pylist()]).cast(pa.large_string()) for array in arrays]
