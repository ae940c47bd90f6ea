"""A batch of raw rows on its way from a file to the examples."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from components.tables.reading.value_form import ValueForm

ROWS_PER_BATCH = 65_536
# The reason of a row whose column, by its name in the file until columns get their own, holds no text.
NOT_A_STRING = "{}_not_a_string"


@dataclass(frozen=True, kw_only=True)
class BrokenRow:
    """A row that could not even be read.

    Attributes:
        place: Its line or row in the file, from 1.
        reason: The snake_case name of what is wrong.
        detail: What is wrong, in words.
        row: What could be read of it.
    """

    place: int
    reason: str
    detail: str
    row: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SourceBatch:
    """Rows as a file holds them, with their places.

    Attributes:
        path: The file.
        file_index: The file's place among the table's files.
        unit: What `places` count: rows of a Parquet file, or lines (where a row begins) of a text file.
        places: int64, one a row, from 1, ascending.
        batch: The rows; CSV columns are strings, other columns are of the file's types.
        broken: Rows of the file that could not be read; they are not in `batch`.
        source: Place of the file's source among those of the table.
        form: How the values of `batch` are written.
        guests: Whether a row of events may lack a user if it has a basket_id.
        counts: What became of rows before they came here; see `components.tables.shaping.tallies`.
    """

    path: str
    file_index: int
    unit: Literal["row", "line"]
    places: pa.Array
    batch: pa.RecordBatch
    broken: tuple[BrokenRow, ...] = field(default=())
    source: int = 0
    form: ValueForm = field(default_factory=ValueForm)
    guests: bool = False
    counts: Counter[str] = field(default_factory=Counter)
