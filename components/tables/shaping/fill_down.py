"""Values that stand in the first row of a group alone, as in an order whose first line names the customer."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.tables.files.value_arrays import of_one_type
from components.tables.reading.source_batch import SourceBatch

# Places in `_with_group` of a row that has no value, of the row that the group so far began with, and of the first of
# the batch.
_UNKNOWN, _GROUP, _FIRST = 0, 1, 2


def fill_down(batches: Iterable[SourceBatch], columns: tuple[str, ...]) -> Iterator[SourceBatch]:
    """Fills columns from the row that a group begins with.

    A row begins a group if one of the columns has a value there that is another than the group's so far. All the
    columns of the rows below are the group's then, missing ones too: an order without a customer does not get the
    customer of the order before it. After a row that could not be read the group is not known, and nothing is filled
    until the next one begins.

    Args:
        batches: The batches of one file, in order.
        columns: Names of the columns.

    Yields:
        The same batches with the columns filled.
    """
    group: list[pa.Array] | None = None  # Of each column, the one value that the group began with.
    for source in batches:
        given = [source.batch.column(name) for name in columns]
        rows = _with_group(group, given)
        begins, began = _group_begins(rows, source.places.to_pylist(), [row.place for row in source.broken])
        batch = source.batch
        for name, column in zip(columns, rows, strict=True):
            filled = column.take(pa.array(begins))
            batch = batch.set_column(batch.schema.get_field_index(name), name, filled)
        group = [column.slice(began, 1) for column in rows]
        yield replace(source, batch=batch)


def _with_group(group: list[pa.Array] | None, given: list[pa.Array]) -> list[pa.Array]:
    """Puts a row without values, and the one that the group so far began with, before the rows of a batch."""
    before = group or [pa.nulls(1, column.type) for column in given]
    columns = []
    for began, column in zip(before, given, strict=True):
        began, column = of_one_type([began, column])
        columns.append(pa.concat_arrays([pa.nulls(1, column.type), began, column]))
    return columns


def _group_begins(columns: list[pa.Array], places: list[int], broken: list[int]) -> tuple[npt.NDArray[np.int64], int]:
    """Finds the row that the group of each row began with.

    Args:
        columns: The rows of `_with_group`.
        places: Where the rows of the batch stood.
        broken: Where rows stood that could not be read.

    Returns:
        The row for each of the batch, and the one of what comes after the batch.
    """
    rows = list(zip(*(map(_value, column.to_pylist()) for column in columns), strict=True))
    begins = np.empty(len(places), np.int64)
    began = _GROUP
    unread = sorted(broken, reverse=True)
    for index, place in enumerate(places):
        while unread and unread[-1] < place:
            unread.pop()
            began = _UNKNOWN
        row = rows[_FIRST + index]
        if any(value is not None and value != own for value, own in zip(row, rows[began], strict=True)):
            began = _FIRST + index
        begins[index] = began
    return begins, _UNKNOWN if unread else began


def _value(value: object) -> object:
    return None if value == "" else value
