"""Which columns a file has, seen from its beginning."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError
from components.tables.files.bounded_lines import BoundedLines
from components.tables.files.dialect import open_rows
from components.tables.files.excel_reader import excel_header
from components.tables.files.json_lines_reader import first_objects
from components.tables.files.opening import READ_ERRORS, open_text, wrong_encoding_message
from components.tables.files.table_file import TableFile

_JSON_LINES_LOOKED_AT = 1_000
# Of objects that have keys without end, such as a number for each product.
_MOST_NAMES = 20_000
_NAMES_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class FileColumns:
    """The columns of a file.

    Attributes:
        types: By name, a word for the type of the values; for objects, those of their keys as well, by dotted names.
        item_types: The same of what stands in lists, or of its keys: columns once the list is exploded.
        doubled: Names that more than one column has.
        nameless: Places, from 1, of columns without a name.
    """

    types: dict[str, str]
    item_types: dict[str, str] = field(default_factory=dict)
    doubled: frozenset[str] = frozenset()
    nameless: tuple[int, ...] = ()


def listed(names: Iterable[str], nameless: Iterable[int] = ()) -> str:
    """Names columns in words.

    Args:
        names: Their names.
        nameless: Places of those without a name.
    """
    words = [f"`{name}`" for name in names] + [f"column {place} (without a name)" for place in nameless]
    if not words:
        return "none"
    text = ", ".join(words[:_NAMES_SHOWN])
    return text if len(words) <= _NAMES_SHOWN else f"{text} and {len(words) - _NAMES_SHOWN} more"


def file_columns(table: str, file: TableFile) -> FileColumns | None:
    """Looks which columns a file has: in its header or schema, or in the first lines of JSON.

    Args:
        table: The table's name, for messages.
        file: The file.

    Returns:
        The columns, with those of the file's partition; None for a JSON Lines file without a line, which is as good
        as no file.

    Raises:
        InputError: The file cannot be read, or is empty.
    """
    try:
        found = _READ[file.format](table, file)
    except UnicodeError as error:
        raise InputError(wrong_encoding_message(table, file, 1, error)) from error
    except (*READ_ERRORS, pa.ArrowInvalid, csv.Error) as error:
        raise InputError(
            f"Table `{table}`: `{file.path}` cannot be read as {file.format}: {error}. Write the file anew."
        ) from error
    if found is not None:
        for name, _ in file.partition:
            found.types.setdefault(name, "text")
    return found


def _csv_columns(table: str, file: TableFile) -> FileColumns:
    with open_text(table, file) as text:
        return _named(
            table, file, open_rows(BoundedLines(table, file, text.readline), file.separator, file.names).header
        )


def _excel_columns(table: str, file: TableFile) -> FileColumns:
    return _named(table, file, excel_header(table, file))


def _named(table: str, file: TableFile, header: tuple[str, ...]) -> FileColumns:
    if not any(header):
        raise InputError(f"Table `{table}` is empty: `{file.path}` lacks even a line with the columns' names.")
    counts = Counter(header)
    return FileColumns(
        types={name: "text" for name in header if name},
        doubled=frozenset(name for name, count in counts.items() if name and count > 1),
        nameless=tuple(place for place, name in enumerate(header, start=1) if not name),
    )


def _json_columns(table: str, file: TableFile) -> FileColumns | None:
    found = FileColumns(types={})
    lines = 0
    for row in first_objects(table, file, _JSON_LINES_LOOKED_AT):
        lines += 1
        for key, value in (row or {}).items():  # What is no object is quarantined when it is read for good.
            _add_json(found, key, value)
    return found if lines else None


def _add_json(found: FileColumns, name: str, value: Any) -> None:
    if len(found.types) >= _MOST_NAMES:
        return
    found.types[name] = "JSON"
    if isinstance(value, dict):
        for key, inner in value.items():
            _add_json(found, f"{name}.{key}", inner)
    elif isinstance(value, list):
        items = FileColumns(types=found.item_types)
        for item in value:
            for key, inner in item.items() if isinstance(item, dict) else ():
                _add_json(items, f"{name}.{key}", inner)


def _parquet_columns(table: str, file: TableFile) -> FileColumns:
    with FileSystems.open(file.path) as handle:
        schema = pq.read_schema(handle)
    found = FileColumns(types={})
    for each in schema:
        _add_field(found, each.name, each.type)
    return found


def _add_field(found: FileColumns, name: str, data_type: pa.DataType) -> None:
    found.types[name] = type_word(data_type)
    if _is_list(data_type) and not pa.types.is_struct(data_type.value_type):
        found.item_types[name] = type_word(data_type.value_type)
    elif _is_list(data_type):
        items = FileColumns(types=found.item_types)
        for inner in data_type.value_type:
            _add_field(items, f"{name}.{inner.name}", inner.type)
    elif pa.types.is_struct(data_type):
        for inner in data_type:
            _add_field(found, f"{name}.{inner.name}", inner.type)


def type_word(data_type: pa.DataType) -> str:
    """Names a type coarsely: widths do not matter, but ids as numbers in one file and text in another do."""
    types = pa.types
    if types.is_dictionary(data_type):
        return type_word(data_type.value_type)
    for word, test in (
        ("integer", types.is_integer),
        ("float", types.is_floating),
        ("decimal", types.is_decimal),
        ("boolean", types.is_boolean),
        ("null", types.is_null),
    ):
        if test(data_type):
            return word
    if types.is_date(data_type) or types.is_timestamp(data_type):
        return "date"
    if types.is_string(data_type) or types.is_large_string(data_type):
        return "text"
    if types.is_binary(data_type) or types.is_large_binary(data_type):
        return "text"
    if _is_list(data_type):
        value_type = data_type.value_type
        return "list" if types.is_floating(value_type) or types.is_integer(value_type) else f"{data_type}"
    return str(data_type)


def _is_list(data_type: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(data_type) or types.is_large_list(data_type) or types.is_fixed_size_list(data_type))


_READ = {"csv": _csv_columns, "excel": _excel_columns, "json_lines": _json_columns, "parquet": _parquet_columns}
