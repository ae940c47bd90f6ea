"""Settles what is read of a table, and refuses columns that are not there before any row is read."""

import difflib
from collections.abc import Collection, Sequence

from components.errors import InputError
from components.tables.contract import (
    Column,
    Kind,
    TableContract,
    TableOptions,
    columns_to_read,
    describe_missing_columns,
)
from components.tables.files.finding import find_table_files
from components.tables.files.raw_column import RawColumn
from components.tables.files.table_file import TableFile
from components.tables.shaping.available import AvailableColumns
from components.tables.shaping.column_types import refuse_wrong_types
from components.tables.shaping.plan import JoinPlan, SourcePlan, TablePlan
from components.tables.shaping.same_ids import FROM, TO
from components.tables.sources import SOURCE, FileForm, Join, TableSource

NOT_USED = ""
# What a bucket of a join holds of the files, as they lie there.
_BUCKET_BYTES = 64 << 20
_PACKED_TO = 5
_CLOSE = 0.8


def plan_table(contract: TableContract, options: TableOptions, sources: Sequence[TableSource]) -> TablePlan:
    """Looks at the files of a table, and settles what is read of them.

    A file may lack a column that its rows need not have, as older exports do; the type of a column may differ between
    files, as long as its kind can be read from each.

    Args:
        contract: The table's contract.
        options: Names the extra columns.
        sources: The parts that the table is made of.

    Returns:
        The plan. Files are numbered through all sources, so that the first source comes first.

    Raises:
        InputError: If a file cannot be found or read, is empty, lacks a column that each row needs, or has one of a
            type that its kind cannot be read from; if the configuration names a column that is not there.
    """
    wanted = columns_to_read(contract, options)
    plans: list[SourcePlan] = []
    files = 0
    for place, source in enumerate(sources):
        planner = _Planner(contract, wanted, source, place)
        plan = planner.plan(find_table_files(contract.name, source, files))
        files += len(plan.files)
        plans.append(plan)
    _refuse_absent_columns(contract, options, plans)
    _refuse_two_orders(contract, [(plan.source.path, plan.present) for plan in plans])
    return TablePlan(table=contract.name, columns=wanted, sources=tuple(plans))


def _refuse_absent_columns(contract: TableContract, options: TableOptions, plans: Sequence[SourcePlan]) -> None:
    """Refuses extra columns that the configuration names and no source has."""
    present = frozenset[str]().union(*(plan.present for plan in plans))
    missing = describe_missing_columns(contract, options, present, guests=True)
    if missing:
        listed = " and ".join(f"`{plan.source.path}`" for plan in plans)
        raise InputError(
            f"Table `{contract.name}`: {listed} lacks {missing}. Rename or add the column, or say its name there with "
            f"`tables.{contract.name}.columns`."
        )


def _refuse_two_orders(contract: TableContract, columns_of: Sequence[tuple[str, Collection[str]]]) -> None:
    """Refuses files or sources without the column that orders the rows of the others."""
    order = next((name for name in contract.one_of if any(name in found for _, found in columns_of)), None)
    without = [path for path, found in columns_of if order is not None and order not in found]
    if without:
        raise InputError(
            f"Table `{contract.name}`: `{without[0]}` lacks column `{order}`, which orders the rows of other files. "
            "Add the column, or leave it out of all files."
        )


class _Planner:
    """Settles what is read of one source."""

    def __init__(
        self,
        contract: TableContract,
        wanted: tuple[Column, ...],
        source: TableSource,
        place: int,
    ) -> None:
        self._contract = contract
        self._wanted = wanted
        self._source = source
        self._place = place
        constants = source.constants | ({SOURCE: source.source} if source.source else {})
        self._constants = tuple((column, constants[column.name]) for column in wanted if column.name in constants)
        # A column that is renamed is no longer what its name says.
        renamed = set(source.columns.values())
        self._own_names = {
            column.name: source.columns.get(column.name, column.name)
            for column in wanted
            if column.name not in constants
            and (column.name in source.columns or column.name not in renamed)
            and source.columns.get(column.name) != NOT_USED
        }

    def plan(self, files: list[TableFile]) -> SourcePlan:
        """Looks at the files and settles what is read of them."""
        self._refuse_unknown_names()
        joins = [_JoinColumns(self._contract.name, join) for join in self._source.join]
        looked_at = [(file, found) for file in files if (found := self._available(file, joins)) is not None]
        if not looked_at:
            raise InputError(
                f"Table `{self._contract.name}` is empty: no file of it has a row. Point `path` at the data."
            )
        _refuse_two_orders(self._contract, [(file.path, self._present(found)) for file, found in looked_at])
        names = {
            name: own for name, own in self._own_names.items() if any(self._has(found, own) for _, found in looked_at)
        }
        return self._settled(files, looked_at[0][1], names, joins)

    def _available(self, file: TableFile, joins: Sequence["_JoinColumns"]) -> AvailableColumns | None:
        """Looks at one file, and refuses names that are not there."""
        source = self._source
        found = AvailableColumns.of(self._contract.name, file)
        if found is None:
            return None
        for name in source.fill_down:
            found.need(name, "fill_down")
        if source.explode is not None:
            found.need(source.explode, "explode")
            found.exploded = source.explode
        for place, join in enumerate(joins):
            join.add_to(found, place)
        for key, names in (("leave_out", source.leave_out), ("keep", source.keep), ("missing", source.missing)):
            for name in names:
                found.need(name, key)
        for name in source.columns:
            if name in self._own_names:
                found.need(source.columns[name], "columns")
        missing = describe_missing_columns(
            self._contract, TableOptions(), self._present(found), guests=self._source.guests == "baskets"
        )
        if missing:
            raise InputError(
                f"Table `{self._contract.name}`: `{file.path}` lacks {missing}; it has {found.listed()}. Rename or add "
                f"the column, or say its name there with `tables.{self._contract.name}.columns`."
            )
        refuse_wrong_types(found, [(column, self._own_names.get(column.name)) for column in self._wanted])
        return found

    def _present(self, found: AvailableColumns) -> list[str]:
        """Returns the contract's names of columns that rows of a file have."""
        own = [name for name, own in self._own_names.items() if found.has(own)]
        return [*own, *(column.name for column, _ in self._constants)]

    def _has(self, found: AvailableColumns, own: str) -> bool:
        return found.has(own) or (found.open and own in self._source.columns.values())

    def _refuse_unknown_names(self) -> None:
        """Refuses what looks like a slip in the name of one of the contract's columns."""
        known = [column.name for column in self._wanted]
        for key, names in (
            ("columns", self._source.columns),
            ("constants", self._source.constants),
            ("same_ids", self._source.same_ids),
        ):
            for name in names:
                close = difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)
                if name not in known and close:
                    raise InputError(
                        f"Table `{self._contract.name}` has no column `{name}`, which `{key}` names. Is `{close[0]}` "
                        f"meant? Mend `tables.{self._contract.name}.{key}`."
                    )

    def _settled(
        self,
        files: Sequence[TableFile],
        found: AvailableColumns,
        names: dict[str, str],
        joins: Sequence["_JoinColumns"],
    ) -> SourcePlan:
        source = self._source
        kinds: dict[str, Kind] = {}
        for column in self._wanted:
            if column.name in names:
                kinds.setdefault(names[column.name], column.kind)
        keys = (own for join in joins for own in join.keys)
        for name in (*keys, *source.leave_out, *source.keep, *source.fill_down):
            kinds.setdefault(name, "string")
        columns = {name: RawColumn(name=name, kind=kind, decimal=source.decimal) for name, kind in kinds.items()}
        items = tuple(column for name, column in columns.items() if found.is_item(name))
        own = [column for name, column in columns.items() if not found.is_item(name) and name not in found.joined]
        if source.explode is not None:
            own.append(RawColumn(name=source.explode, kind="json"))
        return SourcePlan(
            place=self._place,
            source=source,
            files=tuple(files),
            columns=tuple(own),
            items=items,
            joins=tuple(
                join.plan(tuple(column for name, column in columns.items() if found.joined.get(name) == place), files)
                for place, join in enumerate(joins)
            ),
            names=tuple(names.items()),
            constants=self._constants,
            same_ids=tuple((name, self._files_of_ids(path)) for name, path in source.same_ids.items() if name in names),
        )

    def _files_of_ids(self, path: str) -> tuple[TableFile, ...]:
        files = tuple(find_table_files(self._contract.name, FileForm(path=path)))
        for found in filter(None, (AvailableColumns.of(self._contract.name, file) for file in files)):
            for name in (FROM, TO):
                found.need(name, "same_ids")
        return files


class _JoinColumns:
    """The columns of files that are joined."""

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
