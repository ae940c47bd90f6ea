"""Settles what is read of a table, and refuses columns that are not there before any row is read."""

import dataclasses
import difflib
from collections.abc import Collection, Sequence

from components.errors import InputError
from components.tables.contract import (
    BASKET_ID,
    USER_ID,
    Column,
    Kind,
    TableContract,
    TableOptions,
    columns_to_read,
    describe_missing_columns,
)
from components.tables.files.file_columns import listed
from components.tables.files.finding import find_table_files
from components.tables.files.raw_column import RawColumn
from components.tables.files.repeated import distinct_files
from components.tables.files.table_file import TableFile
from components.tables.shaping.available import AvailableColumns
from components.tables.shaping.column_types import refuse_wrong_types
from components.tables.shaping.joined_columns import JoinColumns
from components.tables.shaping.plan import SourcePlan, TablePlan
from components.tables.shaping.same_ids import FROM, TO
from components.tables.sources import SOURCE, FileForm, TableSource

NOT_USED = ""
_CLOSE = 0.8


def plan_table(contract: TableContract, options: TableOptions, sources: Sequence[TableSource]) -> TablePlan:
    """Looks at the files of a table, and settles what is read of them.

    A file may lack a column that its rows need not have, as older exports do, as long as another file has
    it; the type of a column may differ between files, as long as its kind can be read from each.

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
        found = find_table_files(contract.name, source, files)
        distinct = distinct_files(contract.name, found)
        plan = planner.plan(distinct.files)
        files += len(found)
        plans.append(dataclasses.replace(plan, repeated=tuple(distinct.repeated)))
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
        self._renamed = {name: own for name, own in self._own_names.items() if name in source.columns}

    def plan(self, files: list[TableFile]) -> SourcePlan:
        """Looks at the files and settles what is read of them."""
        self._refuse_unknown_names()
        joins = [JoinColumns(self._contract.name, join) for join in self._source.join]
        looked_at = [(file, found) for file in files if (found := self._available(file, joins)) is not None]
        if not looked_at:
            raise InputError(
                f"Table `{self._contract.name}` is empty: no file of it has a row. Point `path` at the data."
            )
        _refuse_two_orders(self._contract, [(file.path, self._present(found)) for file, found in looked_at])
        available = [found for _, found in looked_at]
        self._refuse_absent_names(available)
        self._refuse_mixed_joins(available, joins)
        names = {
            name: own
            for name, own in self._own_names.items()
            if any(self._is_read(found, name, own) for found in available)
        }
        for name in self._source.same_ids:
            if name not in names:
                raise InputError(
                    f"Table `{self._contract.name}`: `{self._source.path}` has no column `{name}`, which "
                    f"`same_ids` names. Mend `tables.{self._contract.name}.same_ids`."
                )
        return self._settled(files, available[0], names, joins)

    def _available(self, file: TableFile, joins: Sequence[JoinColumns]) -> AvailableColumns | None:
        """Looks at one file, and refuses names that are not there."""
        source = self._source
        found = AvailableColumns.of(self._contract.name, file)
        if found is None:
            return None
        for name in source.fill_down:
            found.need(name, "fill_down")
        if source.explode is not None:
            found.explode(source.explode)
        for place, join in enumerate(joins):
            join.add_to(found, place)
        for name in (*source.leave_out, *source.keep, *source.missing):
            found.refuse_doubled(name)
        guests = source.guests == "baskets"
        for column in self._contract.columns:
            if column.required and column.name in self._renamed and not (guests and column.name == USER_ID):
                found.need(self._renamed[column.name], "columns")
        missing = describe_missing_columns(self._contract, TableOptions(), self._present(found), guests=guests)
        if missing:
            raise InputError(
                f"Table `{self._contract.name}`: `{file.path}` lacks {missing}; it has {found.listed()}. Rename or add "
                f"the column, or say its name there with `tables.{self._contract.name}.columns`."
            )
        own = [(column.kind, self._own_names[column.name]) for column in self._wanted if column.name in self._own_names]
        keys: list[tuple[Kind, str]] = [("string", key) for join in joins for key in join.keys]
        refuse_wrong_types(found, [*own, *keys])
        return found

    def _present(self, found: AvailableColumns) -> list[str]:
        """Returns the contract's names of columns that rows of a file have."""
        own = [name for name, own in self._own_names.items() if found.has(own)]
        return [*own, *(column.name for column, _ in self._constants)]

    def _is_read(self, found: AvailableColumns, name: str, own: str) -> bool:
        """Tells whether a file is asked for a column: JSON Lines for those as well that only later lines may have."""
        optional = {column.name for column in self._contract.columns}.difference(self._contract.one_of)
        return found.has(own) or (found.open and (name in self._renamed or name in optional))

    def _refuse_absent_names(self, available: Sequence[AvailableColumns]) -> None:
        """Refuses names of columns that no file has."""
        for key, names in (
            ("leave_out", self._source.leave_out),
            ("keep", self._source.keep),
            ("missing", self._source.missing),
            ("columns", self._renamed.values()),
        ):
            for name in names:
                if not any(found.has(name) for found in available):
                    for found in available:
                        found.need(name, key)

    def _refuse_mixed_joins(self, available: Sequence[AvailableColumns], joins: Sequence[JoinColumns]) -> None:
        """Refuses a column that some files have themselves, and others take from a file that is joined."""
        keys = [own for join in joins for own in join.keys]
        for name in dict.fromkeys((*self._own_names.values(), *keys, *self._source.leave_out, *self._source.keep)):
            joined = [found for found in available if name in found.joined]
            own = [found for found in available if name not in found.joined]
            if joined and own:
                join = self._source.join[joined[0].joined[name]]
                raise InputError(
                    f"Table `{self._contract.name}`: `{own[0].file.path}` has a column `{name}` of its own, and "
                    f"`{joined[0].file.path}` takes it from `{join.path}`. Name it under `columns` of the join, which "
                    "counts for all files then, or add it to the files that lack it."
                )

    def _refuse_unknown_names(self) -> None:
        """Refuses names that are none of the table's columns, and options that mean nothing for it."""
        table, source = self._contract, self._source
        if source.repeats == "merged" and table.unique is None:
            raise InputError(f"Table `{table.name}`: rows may repeat there. Leave `repeats` out.")
        if source.guests == "baskets" and BASKET_ID not in table.column_names:
            raise InputError(f"Table `{table.name}`: `guests` is for tables with a `{BASKET_ID}`. Leave it out.")
        known = [column.name for column in self._wanted]
        for key, names in (
            ("columns", source.columns),
            ("constants", source.constants),
            ("same_ids", source.same_ids),
        ):
            for name in names:
                close = difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)
                if name not in known:
                    meant = (
                        f"Is `{close[0]}` meant?" if close else f"It has {listed(known)}, and what `features` names."
                    )
                    raise InputError(
                        f"Table `{table.name}` has no column `{name}`, which `{key}` names. {meant} "
                        f"Mend `tables.{table.name}.{key}`."
                    )

    def _settled(
        self,
        files: Sequence[TableFile],
        found: AvailableColumns,
        names: dict[str, str],
        joins: Sequence[JoinColumns],
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
        for place, join in enumerate(joins):
            join.refuse_wrong_types([(kinds[own], own) for own in names.values() if found.joined.get(own) == place])
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
            same_ids=tuple((name, self._files_of_ids(path)) for name, path in source.same_ids.items()),
        )

    def _files_of_ids(self, path: str) -> tuple[TableFile, ...]:
        files = tuple(find_table_files(self._contract.name, FileForm(path=path)))
        for found in filter(None, (AvailableColumns.of(self._contract.name, file) for file in files)):
            for name in (FROM, TO):
                found.need(name, "same_ids")
        return files
