"""Reads JSON Lines: a line that is no JSON object is one broken row and hurts no other."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from components.errors import InputError
from components.tables.contract import Column
from components.tables.reading.files import READ_ERRORS, TableFile, open_lines
from components.tables.reading.source_batch import ROWS_PER_BATCH, BrokenRow, SourceBatch

_UTF8_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_lines(table: str, file: TableFile, columns: tuple[Column, ...]) -> Iterator[SourceBatch]:
    """Reads one JSON Lines file.

    A line that is not UTF-8, not JSON or not an object is a broken row. A key that a line lacks, null and "" are
    missing values. Empty lines are no rows.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep.

    Yields:
        Batches with a column for each of `columns`: of the kind's type if all values fit it, else of text in
        which numbers, booleans and lists stand as JSON.

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
                    yield _batch(file, columns, rows, places, broken)
                    rows, places, broken = [], [], []
        except READ_ERRORS as error:
            raise InputError(
                f"Table `{table}`: `{file.path}` cannot be read after line {place}: {error}. Write the file anew."
            ) from error
    if rows or broken:
        yield _batch(file, columns, rows, places, broken)


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
    file: TableFile, columns: tuple[Column, ...], rows: list[dict[str, Any]], places: list[int], broken: list[BrokenRow]
) -> SourceBatch:
    arrays: dict[str, pa.Array] = {}
    for column in columns:
        values = [row.get(column.name) for row in rows]
        array, all_fit = _array(values, column.kind)
        if column.kind == "string" and not all_fit:
            nested = [index for index, value in enumerate(values) if isinstance(value, dict | list)]
            if nested:
                return _batch(file, columns, *_without_nested(column.name, nested, rows, places, broken))
        arrays[column.name] = array
    return SourceBatch(
        path=file.path,
        file_index=file.index,
        unit="line",
        places=pa.array(places, pa.int64()),
        batch=pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays)),
        broken=tuple(broken),
    )


def _without_nested(
    name: str, nested: list[int], rows: list[dict[str, Any]], places: list[int], broken: list[BrokenRow]
) -> tuple[list[dict[str, Any]], list[int], list[BrokenRow]]:
    """Moves the rows whose text is a list or an object to the broken ones."""
    moved = [
        BrokenRow(
            place=places[index],
            reason=f"{name}_not_a_string",
            detail=f"expected text, got {type(rows[index][name]).__name__}",
            row=rows[index],
        )
        for index in nested
    ]
    kept = sorted(set(range(len(rows))).difference(nested))
    return [rows[index] for index in kept], [places[index] for index in kept], broken + moved


_TYPES_TRIED: dict[str, tuple[pa.DataType, ...]] = {
    "string": (pa.large_string(), pa.int64()),
    "float": (pa.float64(), pa.large_string()),
    "integer": (pa.int64(), pa.float64(), pa.large_string()),
    "boolean": (pa.bool_(), pa.large_string()),
    "timestamp": (pa.int64(), pa.float64(), pa.large_string()),
    "vector": (pa.large_list(pa.float64()), pa.large_string()),
}


def _array(values: list[Any], kind: str) -> tuple[pa.Array, bool]:
    """Gives the values as an Arrow array, and whether they had a type in common."""
    for data_type in _TYPES_TRIED[kind]:
        try:
            return pa.array(values, data_type), True
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
            continue
    texts = [_as_text(value) for value in values]
    try:
        return pa.array(texts, pa.large_string()), False
    except UnicodeEncodeError:
        # A lone surrogate ("\ud800" in JSON) has no UTF-8. As bytes it reaches the validation, which finds it.
        encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
        return pa.array(encoded, pa.large_binary()), False


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return json.dumps(value, ensure_ascii=False)
