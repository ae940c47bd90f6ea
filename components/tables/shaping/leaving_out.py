"""Values that stand for none, and rows that are left out."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.files.value_arrays import text_array, value_text
from components.tables.reading.parsed_column import Mask
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping.tallies import LEFT_OUT, SET_ASIDE_KEY_PREFIX


def without_marks(batch: pa.RecordBatch, missing: Mapping[str, tuple[str, ...]]) -> pa.RecordBatch:
    """Puts null in the place of values that stand for none.

    Args:
        batch: The rows.
        missing: The values by column; columns that the batch lacks are passed over.
    """
    for name, marks in missing.items():
        index = batch.schema.get_field_index(name)
        if index >= 0:
            column = batch.column(index)
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            nothing = pa.scalar(None, column.type)
            batch = batch.set_column(index, name, pc.if_else(pa.array(_is_one_of(column, marks)), nothing, column))
    return batch


def leave_out(
    source: SourceBatch, values: Mapping[str, tuple[str, ...]], keep: Mapping[str, tuple[str, ...]]
) -> SourceBatch:
    """Leaves out the rows that have certain values, or lack others, and counts them as set aside.

    Args:
        source: The rows.
        values: The values that are left out, by column.
        keep: The only values that are kept, by column.
    """
    chosen = np.zeros(source.batch.num_rows, np.bool_)
    for name, left_out in values.items():
        chosen |= _is_one_of(_column(source.batch, name), left_out)
    for name, kept in keep.items():
        chosen |= ~_is_one_of(_column(source.batch, name), kept)
    if not chosen.any():
        return source
    counts = source.counts.copy()
    counts[SET_ASIDE_KEY_PREFIX + LEFT_OUT] += int(chosen.sum())
    others = pa.array(~chosen)
    return replace(source, batch=source.batch.filter(others), places=source.places.filter(others), counts=counts)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Returns a column; rows of a file that lacks it have no value."""
    return batch.column(name) if name in batch.schema.names else pa.nulls(batch.num_rows)


def _is_one_of(column: pa.Array, values: tuple[str, ...]) -> Mask:
    """Tells which rows have one of the values, as text without spaces around it."""
    if not pa.types.is_large_string(column.type):
        # Numbers of 3 and 3.0 are both `3`, as they are in ids.
        column = text_array([value_text(value) for value in column.to_pylist()]).cast(pa.large_string())
    if "" in values:
        column = pc.fill_null(column, "")
    wanted = pa.array([value.strip() for value in values], pa.large_string())
    return np.asarray(pc.is_in(pc.utf8_trim_whitespace(column), wanted).to_numpy(zero_copy_only=False), np.bool_)
