"""Reads JSON Lines: a line that is no JSON object is one broken row and hurts no other."""

import codecs
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from components.errors import InputError
from components.tables.files.bounded_lines import BATCH_CHARACTERS, BoundedLines
from components.tables.files.opening import (
    READ_ERRORS,
    UTF8,
    broken_off_message,
    open_unpacked,
    text_encoding,
    wrong_encoding_message,
)
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.files.value_arrays import is_no_text, value_array, value_text
from components.tables.reading.source_batch import NOT_A_STRING, ROWS_PER_BATCH, BrokenRow, SourceBatch

_MOST_LEVELS = 100


def read_json_lines(table: str, file: TableFile, columns: Iterable[RawColumn]) -> Iterator[SourceBatch]:
    """Reads one JSON Lines file.

    A line that is not UTF-8, not JSON, not an object or nested too deeply is a broken row. A key that a line lacks,
    null and "" are missing values. Empty lines are no rows.

    Args:
        table: The table's name, for messages.
        file: The file.
        columns: The columns to keep.

    Yields:
        Batches with a column for each of `columns`; see `value_array`.

    Raises:
        InputError: If the file breaks off (a damaged archive), a line is longer than any row of a table, or it is not
            text of the encoding that it should have, other than UTF-8.
    """
    columns = tuple(columns)
    # Of a line only what is wanted is held, since lines may hold far more than that.
    takers = tuple((column, value_at(column.name)) for column in columns)
    rows: list[list[Any]] = []
    places: list[int] = []
    broken: list[BrokenRow] = []
    place = 0
    try:
        with open_unpacked(file) as opened:
            lines: BoundedLines[Any] = _lines(table, file, opened)
            batch_begin = 0
            for place, line in enumerate(lines, start=1):
                lines.row_length = 0
                stripped = line.strip()
                if not stripped:
                    continue
                row = _taken(place, _parse(place, stripped), takers)
                if isinstance(row, BrokenRow):
                    broken.append(row)
                else:
                    rows.append(row)
                    places.append(place)
                if len(rows) + len(broken) >= ROWS_PER_BATCH or lines.length - batch_begin >= BATCH_CHARACTERS:
                    yield _batch(file, columns, rows, places, broken)
                    rows, places, broken = [], [], []
                    batch_begin = lines.length
    except UnicodeError as error:
        raise InputError(wrong_encoding_message(table, file, place + 1, error)) from error
    except READ_ERRORS as error:
        raise InputError(broken_off_message(table, file, place, error)) from error
    if rows or broken:
        yield _batch(file, columns, rows, places, broken)


def first_objects(table: str, file: TableFile, lines: int) -> Iterator[dict[str, Any] | None]:
    """Yields what the first lines of a file hold that are not empty: an object, or None for a line that is none.

    Raises:
        InputError: The first bytes prove that the file is no text.
    """
    with open_unpacked(file) as opened:
        read: BoundedLines[Any] = _lines(table, file, opened)
        for line in read:
            read.row_length = 0
            if lines and line.strip():
                lines -= 1
                row = _parse(0, line.strip())
                yield row if isinstance(row, dict) else None
            if not lines:
                return


def _lines(table: str, file: TableFile, opened: io.BufferedReader) -> BoundedLines[str] | BoundedLines[bytes]:
    """Returns the lines: bytes of UTF-8, so that one that is none hurts no other, or else text."""
    encoding = text_encoding(table, file, opened)
    if codecs.lookup(encoding).name not in (UTF8, "utf-8"):
        return BoundedLines(table, file, io.TextIOWrapper(opened, encoding=encoding).readline)
    if opened.peek(3).startswith(codecs.BOM_UTF8):
        opened.read(len(codecs.BOM_UTF8))
    return BoundedLines(table, file, opened.readline)


def _parse(place: int, line: bytes | str) -> dict[str, Any] | BrokenRow:
    try:
        text = line if isinstance(line, str) else line.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = {"line": error.object.decode("utf-8", "replace")}
        return BrokenRow(place=place, reason="not_utf8", detail=f"byte {error.start + 1}: {error.reason}", row=shown)
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return BrokenRow(place=place, reason="broken_json", detail=str(error), row={"line": text})
    detail = ""
    if not isinstance(row, dict):
        detail = f"expected an object, got {type(row).__name__}"
    elif text.count("[") + text.count("{") > _MOST_LEVELS and _is_deep(row):
        # It is written once more on its way, by code that nests with it.
        detail = f"more than {_MOST_LEVELS} levels"
    if detail:
        return BrokenRow(place=place, reason="broken_json", detail=detail, row={"line": text})
    return row


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return any(isinstance(each, dict | list) for each in level)


def _taken(
    place: int, row: dict[str, Any] | BrokenRow, takers: Iterable[tuple[RawColumn, Callable[[dict[str, Any]], Any]]]
) -> list[Any] | BrokenRow:
    """Returns the values of the columns, or why a line is a broken row."""
    if isinstance(row, BrokenRow):
        return row
    values = []
    for column, take in takers:
        value = take(row)
        if column.kind in ("string", "category") and is_no_text(value):
            detail = f"expected text, got {type(value).__name__}"
            return BrokenRow(place=place, reason=NOT_A_STRING.format(column.name), detail=detail, row=row)
        values.append(value_text(value) if column.kind == "json" else value)
    return values


def _batch(
    file: TableFile, columns: tuple[RawColumn, ...], rows: list[list[Any]], places: list[int], broken: list[BrokenRow]
) -> SourceBatch:
    arrays = [value_array([row[index] for row in rows], column) for index, column in enumerate(columns)]
    return SourceBatch(
        path=file.path,
        file_index=file.index,
        unit="line",
        places=pa.array(places, pa.int64()),
        batch=pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns]),
        broken=tuple(broken),
    )


def value_at(name: str) -> Callable[[dict[str, Any]], Any]:
    """Returns what takes a column's value out of an object; dots lead into objects where no key is called so."""
    if "." not in name:
        return lambda row: row.get(name)
    first, *rest = name.split(".")

    def value(row: dict[str, Any]) -> Any:
        if name in row:
            return row[name]
        found = row.get(first)
        for key in rest:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    return value
