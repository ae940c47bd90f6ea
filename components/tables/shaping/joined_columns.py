"""The columns that a join adds to rows: looked for before a row is read."""

from collections.abc import Sequence

from components.errors import InputError
from components.tables.contract import Kind
from components.tables.files.finding import find_table_files
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.shaping.available import AvailableColumns
from components.tables.shaping.column_types import refuse_wrong_types
from components.tables.shaping.plan import JoinPlan
from components.tables.sources import Join

# What a bucket of a join holds of the files, as they lie there.
_BUCKET_BYTES = 64 << 20
_PACKED_TO = 5


class JoinColumns:
    """The columns of files that are joined.

    Args:
        table: The table's name, for messages.
        join: What is joined.

    Raises:
        InputError: A file cannot be found or read, or lacks a column that the join names; none has a row.
    """

    def __init__(self, table: str, join: Join) -> None:
        self._table = table
        self._join = join
        self._files = find_table_files(table, join)
        found = (AvailableColumns.of(table, file) for file in self._files)
        self._found = [columns for columns in found if columns is not None]
        if not self._found:
            raise InputError(f"Table `{table}`: `{join.path}`, which is joined, has no row. Mend its path.")
        for columns in self._found:
            for name in (*self.keys.values(), *(join.columns or ())):
                columns.need(name, "join")

    @property
    def keys(self) -> dict[str, str]:
        """Name of each key column among the rows so far, with its name in these files."""
        return self._join.keys()

    def add_to(self, found: AvailableColumns, place: int) -> None:
        """Adds what the join takes over: what it names, or else all that rows lack so far."""
        for name in self.keys:
            found.need(name, "join.on")
        if self._join.columns is not None:
            found.joined |= dict.fromkeys(self._join.columns, place)
            return
        names = dict.fromkeys(name for columns in self._found for name in columns.found.types)
        found.joined |= {name: place for name in names if not found.has(name)}

    def refuse_wrong_types(self, columns: Sequence[tuple[Kind, str]]) -> None:
        """Refuses keys, and columns that are taken over with the kinds that they are to become, of a wrong type."""
        keys: list[tuple[Kind, str]] = [("string", other) for other in self.keys.values()]
        for found in self._found:
            refuse_wrong_types(found, [*columns, *keys])

    def plan(self, columns: tuple[RawColumn, ...], others: Sequence[TableFile]) -> JoinPlan:
        """Returns the plan.

        Args:
            columns: What of the columns is asked for.
            others: The files that these are joined to.
        """
        return JoinPlan(
            join=self._join,
            files=tuple(self._files),
            keys=tuple(self.keys.items()),
            columns=columns,
            buckets=-(-sum(map(_unpacked_bytes, (*self._files, *others))) // _BUCKET_BYTES) or 1,
        )


def _unpacked_bytes(file: TableFile) -> int:
    """Estimates how large a file is as text."""
    packed = file.compression != "none" or file.format in ("parquet", "excel")
    return file.size_bytes * (_PACKED_TO if packed else 1)
