"""A column as a reader is asked for it: by its name in the file."""

from dataclasses import dataclass
from typing import Literal

from components.tables.contract import Kind


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
