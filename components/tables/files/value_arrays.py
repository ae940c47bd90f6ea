"""Values of Python to Arrow arrays, for files whose columns have no fixed type: JSON Lines and Excel."""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa

from components.tables.files.raw_column import RawColumn
from components.tables.reading.number_columns import EXACT_INTEGERS

# What values of Python there are, and the column that they can be as they are; a missing one is of any type. Any other
# column is text, so that what a value means does not depend on its neighbours.
_TEXT: tuple[set[type], pa.DataType] = ({str}, pa.large_string())
_TYPES: dict[str, tuple[tuple[set[type], pa.DataType], ...]] = {
    "string": (_TEXT,),
    "category": (_TEXT,),
    "float": (_TEXT, ({int, float}, pa.float64())),
    "integer": (_TEXT, ({int}, pa.int64())),
    "boolean": (_TEXT, ({bool}, pa.bool_())),
    "timestamp": (_TEXT, ({int}, pa.int64()), ({datetime}, pa.timestamp("us"))),
    "vector": (_TEXT, ({list, int, float}, pa.large_list(pa.float64()))),
    "picture": (_TEXT,),
    "json": (_TEXT,),
}
_NUMBERS = ("float", "integer", "timestamp")


def value_array(values: Sequence[Any], column: RawColumn) -> pa.Array:
    """Gives values as an Arrow array.

    Args:
        values: What a file holds; None where there is nothing.
        column: What they are to become.

    Returns:
        The array, of a type of the column's kind if all values are of it, else of text in which numbers, booleans,
        times, lists and objects stand as they would as text.
    """
    there = set(map(type, values)) - {type(None)}
    if there == {list}:
        there = {type(item) for value in values if value is not None for item in value} | {list}
    for types, data_type in _TYPES[column.kind]:
        if there <= types:
            try:
                return pa.array(values, data_type)
            except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
                break
    decimal = column.decimal if column.kind in _NUMBERS else "."
    return text_array([value_text(value, decimal) for value in values])


def is_no_text(value: Any) -> bool:
    """Tells what cannot be text: a list, an object, and a number whose digits are lost."""
    if isinstance(value, float):
        return not math.isfinite(value) or (value.is_integer() and abs(value) >= EXACT_INTEGERS)
    return isinstance(value, dict | list)


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Gives texts as an Arrow array; of bytes if one of them has no UTF-8."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        # A lone surrogate ("\ud800" in JSON) has no UTF-8. As bytes it reaches the validation, which finds it.
        encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
        return pa.array(encoded, pa.large_binary())


def value_text(value: Any, decimal: str = ".") -> str | None:
    """Writes a value as text: 9.0 as `9`, true as `true`, a time as ISO 8601, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < EXACT_INTEGERS
        return str(int(value)) if whole else json.dumps(value).replace(".", decimal)
    if isinstance(value, bool | int | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def of_one_type(arrays: Sequence[pa.Array]) -> list[pa.Array]:
    """Returns arrays of one type: as they are if they have one, times if all are days or times, else all as text.

    Batches of files whose columns have no fixed type may differ: a number here may be text there.
    """
    if len({array.type for array in arrays}) <= 1:
        return list(arrays)
    known = {array.type for array in arrays if not pa.types.is_null(array.type)}
    if len(known) == 1:
        return [array.cast(*known) for array in arrays]
    if all(pa.types.is_date(each) or (pa.types.is_timestamp(each) and each.tz is None) for each in known):
        # Times are read to the second, so that what nanoseconds say beyond is no loss.
        return [array.cast(pa.timestamp("us"), safe=False) for array in arrays]
    return [text_array([value_text(value) for value in array.to_pylist()]).cast(pa.large_string()) for array in arrays]
