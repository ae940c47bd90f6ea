"""How a known export is described: its files, and the tables that they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class KnownJoin:
    """A file whose columns belong to the rows of another.

    Attributes:
        file: Kind of the file.
        on: The column that both files have, or this file's name of it by that of the first.
        columns: Columns that are taken over.
        needed: Whether the table makes no sense without it.
    """

    file: str
    on: str | Mapping[str, str]
    columns: tuple[str, ...]
    needed: bool = True


@dataclass(frozen=True, kw_only=True)
class KnownTable:
    """A table of the contract that a file of an export holds.

    Attributes:
        table: Name of the table.
        file: Kind of the file that has its rows.
        columns: Where each column of the contract comes from; of several names the first that is filled counts.
        joins: Other files that belong to it.
        options: Other options of the `TableSource`, as they are written.
        kept_values: Columns of which only these values make rows; `""` for rows without one.
        unless: Kind of a file that has this table too, and better.
    """

    table: str
    file: str
    columns: Mapping[str, tuple[str, ...]]
    joins: tuple[KnownJoin, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    kept_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless: str = ""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """An export that shops have.

    Attributes:
        name: What a shop calls it.
        files: Columns that tell each kind of file; a file has them all.
        tables: What the files hold.
        headerless: Names of the columns of a file without a header, by kind.
        headerless_type: The one of them that has the event types, which tell such a file.
        event_types: Names of the event types, the one of purchases included; each counts as something to predict by its
            weight.
        bought_event_type: The type of purchases.
        time_zone: The shop's time zone, where every export of this kind has the same one.
        titles: Whether titles of products are texts worth a search.
        remarks: What the shop should know of the guess.
    """

    name: str
    files: Mapping[str, frozenset[str]]
    tables: tuple[KnownTable, ...]
    headerless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headerless_type: str = ""
    event_types: Mapping[str, float] = field(default_factory=lambda: {"purchase": 1.0})
    bought_event_type: str = "purchase"
    time_zone: str | None = None
    titles: bool = True
    remarks: tuple[str, ...] = ()
