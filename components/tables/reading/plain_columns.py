"""Columns of a table as examples hold them, lists of one value, without the lists; nothing here loads Beam or TFX."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import TABLES

_VECTOR_COLUMNS = {column.name for table in TABLES.values() for column in table.columns if column.kind == "vector"}


def plain_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns a batch whose list columns, but for vectors, are replaced by each list's first value, null for none."""
    columns = [
        column if name in _VECTOR_COLUMNS else _first_values(column)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _first_values(column: pa.Array) -> pa.Array:
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return column
    values = column.flatten()  # Without what a null list may hide.
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    if len(values) == len(column) and (lengths == 1).all():
        return values
    starts = np.cumsum(lengths) - lengths
    return values.take(pa.array(starts, mask=lengths == 0))
