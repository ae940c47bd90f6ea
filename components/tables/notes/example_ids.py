"""Ids that show a reader how a table writes them."""

from collections.abc import Iterable, Sequence

from components.tables.read_back import first_values

_EXAMPLES = 3
# Enough rows to meet a few users where the rows of each stand together.
_ROWS_LOOKED_AT = 10_000
_MOST_CHARACTERS = 40


def example_ids(paths: Sequence[str], column: str, *, plain: bool = True) -> str:
    """Names a few ids of a table, such as "`17`, `18`, `19`".

    Args:
        paths: Parquet files of the table.
        column: The column of ids.
        plain: Whether ids are shown; otherwise their shapes are, by `id_shape`.
    """
    values = first_values(paths, column, _ROWS_LOOKED_AT)
    return shown_ids((value.decode("utf-8", "replace") for value in values), plain=plain)


def shown_ids(ids: Iterable[str], *, plain: bool = True) -> str:
    """Names the first of some ids in order of their characters, or of their shapes."""
    distinct = sorted({each if plain else id_shape(each) for each in ids})
    return ", ".join(f"`{_on_one_line(each)}`" for each in distinct[:_EXAMPLES]) or "none"


def id_shape(text: str) -> str:
    """Returns how an id is written, without saying which it is: `A` and `a` for letters, `9` for digits.

    Two tables that write the ids of the same users in different ways differ in shape, and a shape names nobody.
    """
    return "".join(_kind(character) for character in text)


def _kind(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


def _on_one_line(text: str) -> str:
    visible = "".join(character if character.isprintable() else "�" for character in text)
    return visible if len(visible) <= _MOST_CHARACTERS else f"{visible[: _MOST_CHARACTERS - 1]}…"
