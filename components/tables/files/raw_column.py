"""A column as a reader is asked for it: by its name in the file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from components.tables.contract import Column, Kind


@dataclass(frozen=True, kw_only=True)
class RawColumn:
    """A column of a file.

    Attributes:
        name: Its name in the file. Where no column is called so, dots lead into objects: `ecommerce.transaction_id`.
        kind: What its values are to become, which tells how values of no fixed type are held until then; `json` for
            lists of objects, held as JSON text.
        decimal: The sign before the fraction of a number that is text.
    """

    name: str
    kind: Kind | Literal["json"]
    decimal: Literal[".", ","] = "."


def raw_columns(columns: Iterable[Column]) -> tuple[RawColumn, ...]:
    """Returns columns of a contract, as a file has them that calls them as the contract does."""
    return tuple(RawColumn(name=column.name, kind=column.kind) for column in columns)
