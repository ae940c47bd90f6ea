"""What is read of a table, and how it becomes the contract's columns: settled before a row is read."""

from dataclasses import dataclass

from components.tables.contract import Column
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.sources import Join, TableSource


@dataclass(frozen=True, kw_only=True)
class JoinPlan:
    """What is read of files that are joined to others.

    Attributes:
        join: Where they lie, and what they are joined by.
        files: The files.
        keys: Pairs of a key column's name among the rows so far and in these files.
        columns: Columns that are taken over.
        buckets: Groups of keys, of which a worker holds one at a time.
    """

    join: Join
    files: tuple[TableFile, ...]
    keys: tuple[tuple[str, str], ...]
    columns: tuple[RawColumn, ...]
    buckets: int = 1


@dataclass(frozen=True, kw_only=True)
class SourcePlan:
    """What is read of one source.

    Attributes:
        place: Its place among the sources of the table.
        source: What the configuration says of it.
        files: Its files.
        columns: What is read of them, by the names there.
        items: Columns that exploding gives, by their names then.
        joins: What is joined, one after the other.
        names: Pairs of the contract's name of a column and its name in the source.
        constants: Columns that are the same in each row, with their values.
        same_ids: Columns whose ids are mapped, with the files that say how.
        repeated: Files that are not read, as another one has the same content: the paths of both.
    """

    place: int
    source: TableSource
    files: tuple[TableFile, ...]
    columns: tuple[RawColumn, ...]
    items: tuple[RawColumn, ...] = ()
    joins: tuple[JoinPlan, ...] = ()
    names: tuple[tuple[str, str], ...]
    constants: tuple[tuple[Column, str | int | float | bool], ...] = ()
    same_ids: tuple[tuple[str, tuple[TableFile, ...]], ...] = ()
    repeated: tuple[tuple[str, str], ...] = ()

    @property
    def present(self) -> frozenset[str]:
        """Names of the contract's columns that the source has, or that later lines of JSON may have."""
        return frozenset([name for name, _ in self.names] + [column.name for column, _ in self.constants])


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """What is read of a table.

    Attributes:
        table: Its name.
        columns: All columns that the examples get.
        sources: The parts that it is made of.
    """

    table: str
    columns: tuple[Column, ...]
    sources: tuple[SourcePlan, ...]

    @property
    def present(self) -> tuple[Column, ...]:
        """Those of the columns that some source has."""
        found = frozenset[str]().union(*(source.present for source in self.sources))
        return tuple(column for column in self.columns if column.name in found)
