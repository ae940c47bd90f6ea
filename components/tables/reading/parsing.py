"""Turns columns as files hold them into the contract's kinds, a whole batch at a time.

Each parser tries Arrow's casts on the whole column first; only a column in which some value does not fit is gone
through value by value.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOLEANS = {"true": 1, "t": 1, "yes": 1, "y": 1, "1": 1, "false": 0, "f": 0, "no": 0, "n": 0, "0": 0}
_EXACT_INTEGERS = float(2**53)


@dataclass(frozen=True, kw_only=True)
class ParsedColumn:
    """A column in the contract's kind.

    Attributes:
        values: One value a row; null where it is missing or wrong. Strings are large_binary (UTF-8), numbers
            float64 or int64, vectors large_list of float32.
        problems: By the ending of the reason's name, the rows (bool, one a row) that have it.
    """

    values: pa.Array
    problems: dict[str, Mask] = field(default_factory=dict)


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
        numbers = _numpy(values, np.nan)
        wrong = ~_missing(values) & ~((numbers == np.floor(numbers)) & (np.abs(numbers) < _EXACT_INTEGERS))
        problems = {"not_a_string": wrong} if wrong.any() else {}
        unusable = wrong | _missing(values)
        integers = pa.array(np.where(unusable, 0.0, numbers).astype(np.int64), mask=unusable)
        array = integers.cast(pa.large_string())
    elif _is_binary(data_type):
        array, problems = _checked_utf8(array.cast(pa.large_binary()))
        array = array.cast(pa.large_string())
    else:
        array = array.cast(pa.large_string())
    empty = pc.equal(array, "")
    if pc.any(empty).as_py():
        array = pc.if_else(empty, pa.scalar(None, pa.large_string()), array)
    if not problems and not _is_binary(data_type):
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


def _parse_float(array: pa.Array) -> ParsedColumn:
    values, unparsable = _numbers(array)
    problems = {"not_a_number": unparsable} if unparsable.any() else {}
    with np.errstate(over="ignore"):
        infinite = ~np.isfinite(_numpy(values, 0.0).astype(np.float32))
    if infinite.any():
        problems["not_finite"] = infinite
        values = pc.if_else(pa.array(infinite), pa.scalar(None, pa.float64()), values)
    return ParsedColumn(values=values, problems=problems)


def _parse_integer(array: pa.Array) -> ParsedColumn:
    if pa.types.is_integer(array.type):
        try:
            return ParsedColumn(values=array.cast(pa.int64()))
        except pa.ArrowInvalid:
            pass  # An unsigned number past the range; as a float it is refused below.
    values, unparsable = _numbers(array)
    return _whole(values, unparsable, "not_an_integer")


def _whole(values: pa.Array, unparsable: Mask, problem: str) -> ParsedColumn:
    numbers = _numpy(values, 0.0)
    with np.errstate(invalid="ignore"):
        wrong = unparsable | ~((np.floor(numbers) == numbers) & (np.abs(numbers) < _EXACT_INTEGERS))
    integers = np.where(wrong, 0.0, numbers).astype(np.int64)
    return ParsedColumn(
        values=pa.array(integers, mask=wrong | _missing(values)), problems={problem: wrong} if wrong.any() else {}
    )


def _parse_boolean(array: pa.Array) -> ParsedColumn:
    if pa.types.is_boolean(array.type):
        return ParsedColumn(values=array.cast(pa.int64()))
    if not _is_text(array.type):
        array = array.cast(pa.float64()).cast(pa.large_string())  # 0.0 and 1.0 become "0" and "1".
    text = pc.utf8_lower(_trimmed(array))
    known = pa.array(list(_BOOLEANS), pa.large_string())
    found = pc.index_in(text, known)
    values = pc.take(pa.array(list(_BOOLEANS.values()), pa.int64()), found)
    wrong = _missing(values) & ~_missing(text)
    return ParsedColumn(values=values, problems={"not_a_boolean": wrong} if wrong.any() else {})


def _parse_timestamp(array: pa.Array) -> ParsedColumn:
    if pa.types.is_null(array.type):
        return ParsedColumn(values=array.cast(pa.int64()))
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return ParsedColumn(values=_seconds(array))
    if pa.types.is_integer(array.type):
        return _parse_integer(array)
    if not _is_text(array.type):
        return _floored(*_numbers(array))
    text = _trimmed(array)
    for cast in (_integers_of_text, _seconds_of_text, _seconds_of_text_with_zone):
        try:
            return ParsedColumn(values=cast(text))
        except pa.ArrowInvalid:
            continue
    seconds = [_unix_seconds(value) for value in text.to_pylist()]
    values = pa.array([None if value is False else value for value in seconds], pa.int64())
    wrong = np.array([value is False for value in seconds], np.bool_)
    return ParsedColumn(values=values, problems={"unparsable": wrong} if wrong.any() else {})


def _floored(values: pa.Array, unparsable: Mask) -> ParsedColumn:
    return _whole(pc.floor(values), unparsable, "unparsable")


def _integers_of_text(text: pa.Array) -> pa.Array:
    return text.cast(pa.int64())


def _seconds_of_text(text: pa.Array) -> pa.Array:
    return _seconds(text.cast(pa.timestamp("ns")))


def _seconds_of_text_with_zone(text: pa.Array) -> pa.Array:
    return _seconds(text.cast(pa.timestamp("ns", "UTC")))


def _seconds(array: pa.Array) -> pa.Array:
    """Gives Unix seconds, rounded down; a time without a zone is UTC."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s"))
    units = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[array.type.unit]
    integers = array.cast(pa.int64())
    numbers = integers.fill_null(0).to_numpy(zero_copy_only=False) // units
    return pa.array(numbers, pa.int64(), mask=_missing(integers))


def _unix_seconds(text: str | None) -> int | bool | None:
    """Reads Unix seconds or ISO 8601; None for no text, False for what is neither."""
    if text is None:
        return None
    if _NUMBER.fullmatch(text):
        number = float(text)
        return int(number // 1) if abs(number) < _EXACT_INTEGERS else False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(seconds=1)


def _parse_vector(array: pa.Array) -> ParsedColumn:
    if pa.types.is_null(array.type):
        return ParsedColumn(values=array.cast(pa.large_list(pa.float32())))
    if _is_text(array.type):
        parsed = [_vector_of_text(value) for value in _trimmed(array).to_pylist()]
        wrong = np.array([value is False for value in parsed], np.bool_)
        array = pa.array([value or None for value in parsed], pa.large_list(pa.float64()))
    else:
        wrong = np.zeros(len(array), np.bool_)
    lists = array.cast(pa.large_list(pa.float64())).cast(pa.large_list(pa.float32()), safe=False)
    flat = pc.list_flatten(lists)
    infinite = ~np.isfinite(_numpy(flat, np.nan))
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


def _numbers(array: pa.Array) -> tuple[pa.Array, Mask]:
    """Gives float64 values (null where missing or no number), and which rows hold something that is no number."""
    if not _is_text(array.type):
        return array.cast(pa.float64(), safe=False), np.zeros(len(array), np.bool_)
    text = _trimmed(array)
    try:
        return text.cast(pa.float64()), np.zeros(len(array), np.bool_)
    except pa.ArrowInvalid:
        strings = text.to_pylist()
    numbers = [float(value) if value is not None and _NUMBER.fullmatch(value) else None for value in strings]
    values = pa.array(numbers, pa.float64(), from_pandas=False)
    return values, _missing(values) & ~_missing(text)


def _trimmed(array: pa.Array) -> pa.Array:
    """Gives the text without the white space around it; nothing left, or no UTF-8, is null or a mark no kind reads."""
    if _is_binary(array.type):
        decoded = [None if value is None else value.decode("utf-8", "replace") for value in array.to_pylist()]
        array = pa.array(decoded, pa.large_string())
    text = pc.utf8_trim_whitespace(array.cast(pa.large_string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _is_binary(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_binary(data_type) or pa.types.is_large_binary(data_type))


def _is_text(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_string(data_type) or pa.types.is_large_string(data_type) or _is_binary(data_type))


def _missing(array: pa.Array) -> Mask:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), np.bool_)


def _numpy(array: pa.Array, missing: float) -> npt.NDArray[np.float64]:
    return np.asarray(pc.fill_null(array, missing).to_numpy(zero_copy_only=False), np.float64)


_PARSERS: dict[str, Callable[[pa.Array], ParsedColumn]] = {
    "string": _parse_string,
    "float": _parse_float,
    "integer": _parse_integer,
    "boolean": _parse_boolean,
    "timestamp": _parse_timestamp,
    "vector": _parse_vector,
}
