"""The columns that a source has, step by step: in its files, in exploded lists, in files that are joined."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from components.errors import InputError
from components.tables.files.file_columns import FileColumns, file_columns, listed
from components.tables.files.table_file import TableFile

# How like a name that is there one has to be that is not, to be taken for a slip.
_CLOSE, _VERY_CLOSE = 0.6, 0.85
# How types in Parquet begin that items can be taken of.
_OBJECT = "struct<"
_EXPLODED = ("list", "large_list", "fixed_size_list", "text", "null", _OBJECT)


@dataclass
class AvailableColumns:
    """Columns of rows on their way through a source.

    Attributes:
        table: The table's name, for messages.
        file: Where they are looked for.
        found: What the file has.
        exploded: The column whose items become rows.
        joined: Columns that joins add, with the place of the join.
    """

    table: str
    file: TableFile
    found: FileColumns
    exploded: str | None = None
    joined: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, table: str, file: TableFile) -> "AvailableColumns | None":
        """Looks which columns a file has; None where it has no line.

        Raises:
            InputError: The file cannot be read, or is empty.
        """
        found = file_columns(table, file)
        return None if found is None else cls(table=table, file=file, found=found)

    @property
    def open(self) -> bool:
        """Whether there may be more columns: JSON Lines are looked at for their first lines alone."""
        return self.file.format == "json_lines"

    def listed(self) -> str:
        """Names the columns in words."""
        return listed(self._names(), self.found.nameless)

    def has(self, name: str) -> bool:
        """Tells whether rows have a column."""
        return name in self.joined or self.is_item(name) or (name in self.found.types and name != self.exploded)

    def is_item(self, name: str) -> bool:
        """Tells whether a column comes out of the exploded list."""
        if self.exploded is None or not (name == self.exploded or name.startswith(f"{self.exploded}.")):
            return False
        if self.open:
            return True
        if self.exploded in self.found.item_types:  # A list of plain values.
            return name == self.exploded
        known = self._items()
        # Of lists in texts no key is known beforehand.
        return not known or name in known

    def type_of(self, name: str) -> str | None:
        """Returns the word for the type of a column of the file, None where it has none or it is another's."""
        if name in self.joined:
            return None
        return (self.found.item_types if self.is_item(name) else self.found.types).get(name)

    def explode(self, name: str) -> None:
        """Takes the items of a column for the rows from here on.

        Raises:
            InputError: There is no such column, or it holds neither lists nor objects.
        """
        self.need(name, "explode")
        word = self.found.types.get(name, "text")
        if self.file.format == "parquet" and not word.startswith(_EXPLODED):
            raise InputError(
                f"Table `{self.table}`: column `{name}` of `{self.file.path}`, which `explode` names, is {word}; "
                "expected a list of items, one item, or JSON text. Cast the column and write the file anew."
            )
        if word.startswith(_OBJECT):
            inner = {key: of for key, of in self.found.types.items() if key.startswith(f"{name}.")}
            self.found.item_types.update(inner)
        self.exploded = name

    def need(self, name: str, key: str) -> None:
        """Refuses a name that the configuration uses and rows do not have.

        Args:
            name: The name.
            key: The key of the configuration that uses it, for the message.

        Raises:
            InputError: There is no such column, or there are two.
        """
        self.refuse_doubled(name)
        close = difflib.get_close_matches(name, self._names(), n=1, cutoff=_VERY_CLOSE if self.open else _CLOSE)
        if self.has(name) or (self.open and not close):
            return
        meant = f" Is `{close[0]}` meant?" if close else ""
        raise InputError(
            f"Table `{self.table}`: `{self.file.path}` has no column `{name}`, which `{key}` names; it has "
            f"{self.listed()}.{meant} Mend `{key}`."
        )

    def refuse_doubled(self, name: str) -> None:
        """Refuses a column that is there twice.

        Raises:
            InputError: It is.
        """
        if name in self.found.doubled:
            raise InputError(
                f"Table `{self.table}`: `{self.file.path}` has column `{name}` more than once. Rename one of them."
            )

    def _names(self) -> Iterable[str]:
        own = [name for name in self.found.types if name != self.exploded]
        return dict.fromkeys([*own, *self._items(), *self.joined])

    def _items(self) -> list[str]:
        return [name for name in self.found.item_types if self.exploded and name.startswith(f"{self.exploded}.")]
