"""Checks the columns of a table's files before any row is read."""

from collections.abc import Iterable

from components.errors import InputError
from components.tables.contract import Column, TableContract, TableOptions, columns_to_read, describe_missing_columns
from components.tables.files.file_columns import FileColumns, file_columns
from components.tables.files.table_file import TableFile


def check_columns(
    contract: TableContract, options: TableOptions, files: Iterable[TableFile]
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Checks that all files have the columns that the contract and the configuration ask for.

    Args:
        contract: The table's contract.
        options: Names the extra columns.
        files: The table's files.

    Returns:
        All columns that the examples get, and those of them that the files have.

    Raises:
        InputError: If a file cannot be read, is empty, lacks a column, or has other columns than the first one.
    """
    wanted = columns_to_read(contract, options)
    names = [column.name for column in wanted]
    first: tuple[str, dict[str, str]] | None = None
    present: set[str] = set()
    for file in files:
        found = file_columns(contract.name, file)
        if found is None:
            continue  # A JSON Lines file without a line: as good as no file.
        missing = describe_missing_columns(contract, options, found.types)
        if missing:
            raise InputError(
                f"Table `{contract.name}`: `{file.path}` lacks {missing}; it has {found.listed()}. "
                "Rename or add the column."
            )
        _check_types(contract.name, file, found, wanted)
        kinds = {name: found.types[name] for name in names if name in found.types}
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


def _check_types(table: str, file: TableFile, found: FileColumns, wanted: Iterable[Column]) -> None:
    """Refuses a column that is there twice, or whose type in Parquet cannot become what it should be."""
    for column in wanted:
        if column.name in found.doubled:
            raise InputError(
                f"Table `{table}`: `{file.path}` has column `{column.name}` more than once. Rename one of them."
            )
        word = found.types.get(column.name)
        if file.format == "parquet" and word is not None and word not in _TYPES_OF_KIND[column.kind]:
            raise InputError(
                f"Table `{table}`: column `{column.name}` of `{file.path}` is {word}; expected {column.kind}. "
                "Cast the column and write the file anew."
            )


_TYPES_OF_KIND: dict[str, tuple[str, ...]] = {
    "string": ("text", "integer", "float", "decimal", "boolean", "date", "null"),
    "float": ("text", "integer", "float", "decimal", "null"),
    "integer": ("text", "integer", "float", "decimal", "null"),
    "boolean": ("text", "integer", "float", "boolean", "null"),
    "timestamp": ("text", "integer", "float", "decimal", "date", "null"),
    "vector": ("text", "list", "null"),
}
