"""What was guessed, before it is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.values.times import TimeGuess


@dataclass(frozen=True, kw_only=True)
class ProposedColumn:
    """Where a column of the contract comes from.

    Attributes:
        name: Its name here.
        theirs: Its name in the file.
        what: What its values are, in words.
        sample: The file that has it, which may be one that is joined.
    """

    name: str
    theirs: str
    what: str
    sample: Sample

    def ids(self) -> pa.Array:
        """Returns the values that were read as a run writes ids."""
        return self.sample.ids(self.theirs)

    def examples(self) -> list[Any]:
        """Returns five values that differ."""
        return self.sample.examples(self.theirs)


@dataclass(frozen=True, kw_only=True)
class ProposedSource:
    """A source of a table.

    Attributes:
        table: Name of the table.
        sample: The file that has its rows.
        options: Options of the `TableSource`, as they are written.
        columns: Its columns.
        time: How its times are written, if it has any.
        unused: Why a column of the file is not used although it has the name of one here, by that name.
    """

    table: str
    sample: Sample
    options: Mapping[str, Any]
    columns: Sequence[ProposedColumn]
    time: TimeGuess | None = None
    unused: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> ProposedColumn | None:
        """Returns a column by its name here."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A whole guess.

    Attributes:
        sources: The sources of all tables.
        layout: Name of the export, if it is a known one.
        event_types: Weight of each event type.
        bought_event_type: The type of purchases.
        time_zone: The shop's time zone.
        titles: Whether titles of products are texts worth a search.
        remarks: What the shop should know.
    """

    sources: Sequence[ProposedSource]
    layout: str | None = None
    event_types: Mapping[str, float] = field(default_factory=dict)
    bought_event_type: str = "purchase"
    time_zone: str = "UTC"
    titles: bool = True
    remarks: Sequence[str] = ()

    def of_table(self, table: str) -> list[ProposedSource]:
        """Returns the sources of a table."""
        return [source for source in self.sources if source.table == table]

    def has(self, table: str, *columns: str) -> bool:
        """Says whether each source of a table, of which there is one, has columns."""
        sources = self.of_table(table)
        return bool(sources) and all(source.column(name) is not None for source in sources for name in columns)

    def tables(self) -> Collection[str]:
        """Returns the names of the tables."""
        return dict.fromkeys(source.table for source in self.sources)
