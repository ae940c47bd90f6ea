"""Checks the columns of a table's files before any row is read."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError
from components.tables.contract import Column, TableContract, TableOptions, columns_to_read, describe_missing_columns
from components.tables.reading.files import READ_ERRORS, TableFile, not_utf8_message, open_csv, open_lines

_JSON_LINES_LOOKED_AT = 1_000


def check_columns(
    contract: TableContract, options: TableOptions, files: Iterable[TableFile], *, guests: bool = False
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Checks that all files have the columns that the contract and the configuration ask for.

    Args:
        contract: The table's contract.
        options: Names the extra columns.
        files: The table's files.
        guests: Whether rows with a basket_id may lack a user.

    Returns:
        All columns that the examples get, or that another of them comes of, and those of them that the files have.

    Raises:
        InputError: If a file cannot be read, is empty, lacks a column, or has other columns than the first one.
    """
    wanted = columns_to_read(contract, options)
    names = [column.name for column in wanted]
    first: tuple[str, dict[str, str]] | None = None
    present: set[str] = set()
    for file in files:
        found = _file_columns(contract.name, file, wanted)
        if found is None:
            continue  # A JSON Lines file without a line: as good as no file.
        missing = describe_missing_columns(contract, options, found, guests=guests)
        if missing:
            raise InputError(
                f"Table `{contract.name}`: `{file.path}` lacks {missing}; it has {_listed(found)}. "
                "Rename or add the column."
            )
        kinds = {name: found[name] for name in names if name in found}
        present.update(kinds)
        if first is None:
            first = (file.path, kinds)
        elif file.format != "json_lines" and (differing := _differing(first[1], kinds)):
            raise InputError(
                f"Table `{contract.name}`: `{first[0]}` and `{file.path}` differ in column "
                + ", ".join(
                    f"`{name}` ({first[1].get(name, 'absent')} and {kinds.get(name, 'absent')})" for name in differing
                )
                + ". Write all files of a table with the same columns and types."
            )
    if first is None:
        raise InputError(f"Table `{contract.name}` is empty: no file of it has a row. Point `path` at the data.")
    return wanted, tuple(column for column in wanted if column.name in present)


def _differing(first: dict[str, str], second: dict[str, str]) -> list[str]:
    """Lists the columns that two files do not share, or hold as different types; a column of nulls has none."""
    return sorted(
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or len({first[name], second[name]} - {"null"}) > 1
    )


def _file_columns(table: str, file: TableFile, wanted: tuple[Column, ...]) -> dict[str, str] | None:
    """Maps each column of a file to a word for its type, or returns None for a JSON Lines file without a line."""
    try:
        if file.format == "parquet":
            return _parquet_columns(table, file.path, wanted)
        if file.format == "csv":
            return _csv_columns(table, file.path)
        return _json_lines_columns(file.path)
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise InputError(not_utf8_message(table, file.path, 1, error)) from error
    except (*READ_ERRORS, pa.ArrowInvalid, csv.Error) as error:
        raise InputError(
            f"Table `{table}`: `{file.path}` cannot be read as {file.format}: {error}. Write the file anew."
        ) from error


def _csv_columns(table: str, path: str) -> dict[str, str]:
    with open_csv(path) as text:
        header = next(csv.reader(text, strict=True), None)
    if not header:
        raise InputError(f"Table `{table}` is empty: `{path}` lacks even a line with the columns' names.")
    names = [name.strip() for name in header]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(f"Table `{table}`: `{path}` has column `{doubled[0]}` more than once. Rename one of them.")
    return dict.fromkeys(names, "text")


def _json_lines_columns(path: str) -> dict[str, str] | None:
    names: dict[str, str] = {}
    lines = 0
    with open_lines(path) as file:
        for line in _first_lines(file):
            lines += 1
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue  # Quarantined when it is read for good.
            if isinstance(row, dict):
                names.update(dict.fromkeys(row, "JSON"))
    return names if lines else None


def _first_lines(file: io.BufferedReader) -> Iterator[bytes]:
    for _ in range(_JSON_LINES_LOOKED_AT):
        line = file.readline()
        if not line:
            return
        if line.strip():
            yield line


def _parquet_columns(table: str, path: str, wanted: tuple[Column, ...]) -> dict[str, str]:
    with FileSystems.open(path) as file:
        schema = pq.read_schema(file)
    kinds = {column.name: column.kind for column in wanted}
    names = {}
    for field in schema:
        names[field.name] = _type_word(field.type)
        if field.name in kinds and names[field.name] not in _TYPES_OF_KIND[kinds[field.name]]:
            raise InputError(
                f"Table `{table}`: column `{field.name}` of `{path}` is {field.type}; expected {kinds[field.name]}. "
                "Cast the column and write the file anew."
            )
    return names


_TYPES_OF_KIND: dict[str, tuple[str, ...]] = {
    "string": ("text", "integer", "float", "decimal", "boolean", "date", "null"),
    "float": ("text", "integer", "float", "decimal", "null"),
    "integer": ("text", "integer", "float", "decimal", "null"),
    "boolean": ("text", "integer", "float", "boolean", "null"),
    "timestamp": ("text", "integer", "float", "decimal", "date", "null"),
    "vector": ("text", "list", "null"),
}


def _type_word(data_type: pa.DataType) -> str:
    """Names a type coarsely: widths do not matter, but ids as numbers in one file and text in another do."""
    types = pa.types
    if types.is_dictionary(data_type):
        return _type_word(data_type.value_type)
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
    if types.is_list(data_type) or types.is_large_list(data_type) or types.is_fixed_size_list(data_type):
        value_type = data_type.value_type
        return "list" if types.is_floating(value_type) or types.is_integer(value_type) else f"{data_type}"
    return str(data_type)


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    text = ", ".join(f"`{name}`" for name in shown[:30])
    if not shown:
        return "none"
    return text if len(shown) <= 30 else f"{text} and {len(shown) - 30} more"
