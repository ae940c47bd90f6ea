"""Whether the ids of events are those of the products."""

import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.proposal import Proposal, ProposedColumn, ProposedSource


def unknown_products(proposal: Proposal) -> float | None:
    """Returns the share of the events that were read whose product the products lack.

    Returns:
        The share; None if there are no products or none has an id, or not all of them were read.
    """
    products, events = proposal.of_table("products"), proposal.of_table("events")
    if not products or not events or not all(source.sample.complete for source in products):
        return None
    ids = [_kept(source, column) for source in products if (column := source.column("product_id")) is not None]
    if not ids:
        return None
    known = pa.concat_arrays([pc.unique(each.cast(pa.string())) for each in ids])
    rows = found = 0
    for source in events:
        column = source.column("product_id")
        if column is not None:
            values = column.values().drop_null().cast(pa.string())
            rows += len(values)
            found += pc.sum(pc.is_in(values, known)).as_py() or 0
    return 1.0 - found / rows if rows else None


def _kept(source: ProposedSource, column: ProposedColumn) -> pa.ChunkedArray:
    """Returns the values of a column in the rows that are not left out for want of another, such as a title."""
    rows = source.sample.rows
    for name, left_out in source.options.get("leave_out", {}).items():
        if "" in left_out and name in rows.column_names:
            rows = rows.filter(pc.is_valid(rows[name]))
    return rows[column.theirs] if column.theirs in rows.column_names else column.values()
