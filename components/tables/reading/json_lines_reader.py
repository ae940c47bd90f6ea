"""Reads JSON Lines: a line that is no JSON object is one broken row and hurts no other."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from components.errors import InputError
from components.tables.contract import Column
from components.tables.reading.files import READ_ERRORS, TableFile, open_lines
from components.tables.reading.number_columns import EXACT_INTEGERS
from components.tables.reading.source_batch import ROWS_PER_BATCH, BrokenRow, SourceBatch
from components.tables.reading.value_form import ValueForm

_UTF8_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_AS_WRITTEN = ValueForm()


def read_json_lines(
    table: str, file: TableFile, columns: tuple[Column, ...], form: ValueForm = _AS_WRITTEN
) -> Iterator[SourceBatch]:
    """Reads one JSON Lines file.

    A line that is not UTF-8, not JSON or not an object is a broken row. A key that a line lacks, null and "" are
    missing values. Empty lines are no rows.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep.
        form: How values are written that are text.

    Yields:
        Batches with a column for each of `columns`: of the kind's type if all values are of it, else of text in
        which numbers, booleans and lists stand as they would as text.

    Raises:
        InputError: If the file breaks off (a damaged .gz).
    """
    rows: list[dict[str, Any]] = []
    places: list[int] = []
    broken: list[BrokenRow] = []
    place = 0
    with open_lines(file.path) as lines:
        try:
            for place, line in enumerate(lines, start=1):
                stripped = (line.removeprefix(_UTF8_BYTE_ORDER_MARK) if place == 1 else line).strip()
                if not stripped:
                    continue
                row = _parse(place, stripped)
                if isinstance(row, BrokenRow):
                    broken.append(row)
                else:
                    rows.append(row)
                    places.append(place)
                if len(rows) + len(broken) >= ROWS_PER_BATCH:
                    yield _batch(file, columns, form, rows, places, broken)
                    rows, places, broken = [], [], []
        except READ_ERRORS as error:
            raise InputError(
                f"Table `{table}`: `{file.path}` cannot be read after line {place}: {error}. Write the file anew."
            ) from error
    if rows or broken:
        yield _batch(file, columns, form, rows, places, broken)


def _parse(place: int, line: bytes) -> dict[str, Any] | BrokenRow:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = {"line": line.decode("utf-8", "replace")}
        return BrokenRow(place=place, reason="not_utf8", detail=f"byte {error.start + 1}: {error.reason}", row=shown)
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return BrokenRow(place=place, reason="broken_json", detail=str(error), row={"line": text})
    if not isinstance(row, dict):
        detail = f"expected an object, got {type(row).__name__}"
        return BrokenRow(place=place, reason="broken_json", detail=detail, row={"line": text})
    return row


def _batch(
    file: TableFile,
    columns: tuple[Column, ...],
    form: ValueForm,
    rows: list[dict[str, Any]],
    places: list[int],
    broken: list[BrokenRow],
) -> SourceBatch:
    arrays: dict[str, pa.Array] = {}
    for column in columns:
        values = [row.get(column.name) for row in rows]
        if column.kind in ("string", "category"):
            wrong = [index for index, value in enumerate(values) if _no_string(value)]
            if wrong:
                return _batch(file, columns, form, *_without(column.name, wrong, rows, places, broken))
        arrays[column.name] = _array(values, column.kind, form)
    return SourceBatch(
        path=file.path,
        file_index=file.index,
        unit="line",
        places=pa.array(places, pa.int64()),
        batch=pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays)),
        broken=tuple(broken),
    )


def _without(
    name: str, wrong: list[int], rows: list[dict[str, Any]], places: list[int], broken: list[BrokenRow]
) -> tuple[list[dict[str, Any]], list[int], list[BrokenRow]]:
    """Moves the rows whose text is none to the broken ones."""
    moved = [
        BrokenRow(
            place=places[index],
            reason=f"{name}_not_a_string",
            detail=f"expected text, got {type(rows[index][name]).__name__}",
            row=rows[index],
        )
        for index in wrong
    ]
    kept = sorted(set(range(len(rows))).difference(wrong))
    return [rows[index] for index in kept], [places[index] for index in kept], broken + moved


# What Python makes of JSON, and the column that it can be as it is; a null is of any type. Any other column is text.
_TYPES: dict[str, tuple[tuple[set[type], pa.DataType], ...]] = {
    "string": (({str}, pa.large_string()),),
    "category": (({str}, pa.large_string()),),
    "float": (({str}, pa.large_string()), ({int, float}, pa.float64())),
    "integer": (({str}, pa.large_string()), ({int}, pa.int64())),
    "boolean": (({str}, pa.large_string()), ({bool}, pa.bool_())),
    "timestamp": (({str}, pa.large_string()), ({int}, pa.int64())),
    "vector": (({str}, pa.large_string()), ({list, int, float}, pa.large_list(pa.float64()))),
}
_NUMBERS = ("float", "integer", "timestamp")


def _array(values: list[Any], kind: str, form: ValueForm) -> pa.Array:
    """Gives the values as an Arrow array: of a type of their kind, or of text that is read as the type would be."""
    there = set(map(type, values)) - {type(None)}
    if there == {list}:
        there = {type(item) for value in values if value is not None for item in value} | {list}
    for types, data_type in _TYPES[kind]:
        if there <= types:
            try:
                return pa.array(values, data_type)
            except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
                break
    texts = [_as_text(value, form.decimal if kind in _NUMBERS else ".") for value in values]
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        # A lone surrogate ("\ud800" in JSON) has no UTF-8. As bytes it reaches the validation, which finds it.
        encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
        return pa.array(encoded, pa.large_binary())


def _no_string(value: Any) -> bool:
    """Tells what is no text: a list, an object, and a number whose digits are lost."""
    if isinstance(value, float):
        return not math.isfinite(value) or (value.is_integer() and abs(value) >= EXACT_INTEGERS)
    return isinstance(value, dict | list)


def _as_text(value: Any, decimal: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) < EXACT_INTEGERS:
            return str(int(value))
        return json.dumps(value).replace(".", decimal)
    return json.dumps(value, ensure_ascii=False)
