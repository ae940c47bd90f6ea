"""Types of columns: which can become what the contract asks for."""

from collections.abc import Iterable

from components.errors import InputError
from components.tables.contract import Kind
from components.tables.shaping.available import AvailableColumns

_TYPES_OF_KIND: dict[Kind, tuple[str, ...]] = {
    "string": ("text", "integer", "float", "decimal", "boolean", "date", "null"),
    "category": ("text", "integer", "float", "decimal", "boolean", "date", "null"),
    "float": ("text", "integer", "float", "decimal", "null"),
    "integer": ("text", "integer", "float", "decimal", "null"),
    "boolean": ("text", "integer", "float", "boolean", "null"),
    "timestamp": ("text", "integer", "float", "decimal", "date", "null"),
    "vector": ("text", "list", "null"),
    "picture": ("text", "null"),
}


def refuse_wrong_types(found: AvailableColumns, columns: Iterable[tuple[Kind, str]]) -> None:
    """Refuses a column that is there twice, or whose type in Parquet cannot become what it should be.

    Args:
        found: What the file has.
        columns: Names of columns in the file, with the kind that each is to become.

    Raises:
        InputError: The message names the column.
    """
    for kind, name in columns:
        if name in found.joined:
            continue
        found.refuse_doubled(name)
        word = found.type_of(name)
        if found.file.format == "parquet" and word is not None and word not in _TYPES_OF_KIND[kind]:
            raise InputError(
                f"Table `{found.table}`: column `{name}` of `{found.file.path}` is {word}; expected {kind}. "
                "Cast the column and write the file anew."
            )
