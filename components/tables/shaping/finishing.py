"""The last step from the rows of a source to the contract's columns: left out, renamed, constant, mapped."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from components.tables.contract import Column
from components.tables.files.json_lines_reader import value_at
from components.tables.reading.source_batch import BrokenRow, SourceBatch
from components.tables.reading.value_form import ValueForm
from components.tables.shaping.leaving_out import leave_out
from components.tables.shaping.plan import SourcePlan
from components.tables.shaping.same_ids import SameIds
from components.tables.shaping.tallies import mapped_key


def same_ids_of(table: str, plan: SourcePlan) -> dict[str, SameIds]:
    """Reads the files that say which ids of a source mean one thing, by the contract's name of the column."""
    return {column: SameIds(table, files) for column, files in plan.same_ids}


def finish(source: SourceBatch, plan: SourcePlan, same_ids: Mapping[str, SameIds]) -> SourceBatch:
    """Gives rows the contract's columns, and says how their values are written.

    Args:
        source: Rows in the columns of the source.
        plan: What the columns become.
        same_ids: Of `same_ids_of`.
    """
    if plan.source.leave_out:
        source = leave_out(source, plan.source.leave_out)
    counts = source.counts
    batch = _renamed(source.batch, plan)
    for column, mapping in same_ids.items():
        index = batch.schema.get_field_index(column)
        if index >= 0:
            ids, mapped = mapping.mapped(batch.column(index))
            batch = batch.set_column(index, column, ids)
            counts = counts + Counter({mapped_key(plan.place, column): mapped})
    return replace(
        source,
        batch=batch,
        broken=tuple(_named(row, plan) for row in source.broken),
        source=plan.place,
        form=ValueForm.of(plan.source),
        guests=plan.source.guests == "baskets",
        counts=counts,
    )


def _renamed(batch: pa.RecordBatch, plan: SourcePlan) -> pa.RecordBatch:
    """Returns the columns by the contract's names, and those that are constant."""
    there = {name: batch.column(own) for name, own in plan.names if own in batch.schema.names}
    there |= {column.name: _constant(column, value, batch.num_rows) for column, value in plan.constants}
    return pa.RecordBatch.from_arrays(list(there.values()), names=list(there))


def _named(broken: BrokenRow, plan: SourcePlan) -> BrokenRow:
    """Calls what could be read of a row as the contract does, so that a user id is known for one and hashed."""
    row = dict(broken.row)
    for name, own in plan.names:
        if name != own and value_at(own)(broken.row) is not None:
            # Either may be there: the object that dots lead into, or a column that is called so, as exploding gives.
            row.pop(own.split(".")[0], None)
            row.pop(own, None)
            row[name] = value_at(own)(broken.row)
    return replace(broken, row=row)


def _constant(column: Column, value: Any, rows: int) -> pa.Array:
    if column.kind == "string" and isinstance(value, float):
        value = repr(value)  # As a float it would be an id that was read wrong.
    return pa.repeat(pa.scalar(value), rows)
