"""What is known of a source before its values are looked at: its columns, and the files that belong to its rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from components.errors import InputError
from tfx_pipeline.init.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A file that belongs to the rows of another.

    Attributes:
        sample: The file.
        on: The column that both have, or this file's name of it by that of the first.
        columns: Columns that are taken over.
    """

    sample: Sample
    on: str | Mapping[str, str]
    columns: Sequence[str]

    def found(self, rows: Sample) -> float | None:
        """Returns the share of rows that find one here, of what was read of both; None if these rows lack the key."""
        own, theirs = (self.on, self.on) if isinstance(self.on, str) else next(iter(self.on.items()))
        if own not in rows.names or theirs not in self.sample.names:
            return None
        keys = self.sample.ids(theirs).drop_null()
        return float(pc.mean(pc.is_in(rows.ids(own), keys)).as_py() or 0.0)


@dataclass(frozen=True, kw_only=True)
class KnownColumns:
    """What is known of a source.

    Attributes:
        table: Name of the table.
        columns: Names in the file by names here, the likelier ones first.
        joins: Files that belong to its rows.
        options: Options of the `TableSource`; those that the file gives no reason for are dropped.
        kept_values: Columns of which only these values make rows, as `keep` of the `TableSource` has them.
    """

    table: str
    columns: Mapping[str, Sequence[str]]
    joins: Sequence[Joined] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    kept_values: Mapping[str, Sequence[str]] = field(default_factory=dict)


def best_join(joins: Iterable[Joined], rows: Sample) -> Joined:
    """Returns the file that most rows find one in; the first of those that are alike."""
    return max(joins, key=lambda join: join.found(rows) or 0.0)


def exploded_items(known: KnownColumns, sample: Sample) -> Sample:
    """Returns a sample with a row for each item, if its items make rows.

    Raises:
        InputError: No item says which product it is.
    """
    if "explode" not in known.options:
        return sample
    column = known.options["explode"]
    exploded = sample.exploded(column)
    products = known.columns.get("product_id", ())
    if products and not any(exploded.has_values(name) for name in products):
        named = " or ".join(f"`{name}`" for name in products)
        raise InputError(
            f"{sample.label}: expected lists of items in `{column}`, with the product in {named}, and no row has one; "
            f"seen: {sample.examples(column)[:1]}. Add it to the export, or take rows that have it."
        )
    return exploded
