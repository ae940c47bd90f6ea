"""A list of items in each row becomes a row an item."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.files.json_lines_reader import value_at
from components.tables.files.raw_column import RawColumn
from components.tables.files.value_arrays import value_array
from components.tables.reading.source_batch import ROWS_PER_BATCH, BrokenRow, SourceBatch
from components.tables.shaping.tallies import EMPTY_LIST, SET_ASIDE_KEY_PREFIX


def explode(source: SourceBatch, column: str, items: Sequence[RawColumn]) -> Iterator[SourceBatch]:
    """Makes a row of each item of a list; what else the row holds stands in each.

    Args:
        source: The rows.
        column: The column with the lists: Parquet's, or texts of JSON. An object alone is a list of one in both.
        items: What is taken of each item, called `COLUMN.KEY`; `COLUMN` itself is the item as a whole.

    Yields:
        Batches with the columns of `source` but the list, and `items`. A row whose list is empty or missing gives none
        and is counted as set aside; one that holds no list is broken.
    """
    lists = source.batch.column(column)
    broken: tuple[BrokenRow, ...] = ()
    if isinstance(lists, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        parents = pc.list_parent_indices(lists).to_numpy()
        arrays = _parts(pc.list_flatten(lists), column, items)
    elif isinstance(lists, pa.StructArray):
        parents = np.flatnonzero(lists.is_valid())
        arrays = _parts(lists.take(pa.array(parents)), column, items)
    else:
        parents, arrays, broken = _items_of_texts(source, column, items)
    empty = source.batch.num_rows - len(broken) - len(np.unique(parents))
    counts = source.counts.copy()
    if empty:
        counts[SET_ASIDE_KEY_PREFIX + EMPTY_LIST] += empty
    others = source.batch.drop_columns([column])
    batch = others.take(pa.array(parents))
    for item, array in zip(items, arrays, strict=True):
        batch = batch.append_column(item.name, array)
    exploded = replace(
        source, batch=batch, places=source.places.take(pa.array(parents)), broken=source.broken + broken, counts=counts
    )
    yield from _in_batches(exploded)


def _parts(flat: pa.Array, column: str, items: Sequence[RawColumn]) -> list[pa.Array]:
    keys = [item.name.removeprefix(column).strip(".").split(".") for item in items]
    return [pc.struct_field(flat, key) if key != [""] else flat for key in keys]


def _items_of_texts(
    source: SourceBatch, column: str, items: Sequence[RawColumn]
) -> tuple[Any, list[pa.Array], tuple[BrokenRow, ...]]:
    parents: list[int] = []
    found: list[Any] = []
    broken: list[BrokenRow] = []
    for row, text in enumerate(source.batch.column(column).to_pylist()):
        parsed = _parsed(text)
        if isinstance(parsed, str):
            broken.append(
                BrokenRow(
                    place=source.places[row].as_py(),
                    reason=f"{column}_not_a_list",
                    detail=parsed,
                    row=source.batch.slice(row, 1).to_pylist()[0],
                )
            )
            continue
        parents.extend([row] * len(parsed))
        found.extend(parsed)
    arrays = []
    for item in items:
        key = item.name.removeprefix(column).strip(".")
        take = value_at(key) if key else None
        values = [value if take is None else take(value) if isinstance(value, dict) else None for value in found]
        arrays.append(value_array(values, item))
    return np.asarray(parents, np.int64), arrays, tuple(broken)


def _parsed(text: str | None) -> list[Any] | str:
    """Returns the items of a list as JSON, or what is wrong with it."""
    if text is None or not text.strip():
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"expected a list of JSON: {error}"
    if value is None:
        return []
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else "expected a list of JSON"


def _in_batches(source: SourceBatch) -> Iterator[SourceBatch]:
    """Cuts rows into batches of the usual size; the first one, which may be empty, says what became of the others."""
    yield replace(source, batch=source.batch.slice(0, ROWS_PER_BATCH), places=source.places.slice(0, ROWS_PER_BATCH))
    for begin in range(ROWS_PER_BATCH, source.batch.num_rows, ROWS_PER_BATCH):
        yield replace(
            source,
            batch=source.batch.slice(begin, ROWS_PER_BATCH),
            places=source.places.slice(begin, ROWS_PER_BATCH),
            broken=(),
            counts=type(source.counts)(),
        )
