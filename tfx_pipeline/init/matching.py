"""Whether the ids of events are those of the products."""

import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.proposal import Proposal


def unknown_products(proposal: Proposal) -> float | None:
    """Returns the share of the events that were read whose product the products lack.

    Returns:
        The share; None if there are no products or none has an id, or not all of them were read.
    """
    products, events = proposal.of_table("products"), proposal.of_table("events")
    if not products or not events or not all(source.sample.complete for source in products):
        return None
    ids = [column.ids() for source in products if (column := source.column("product_id")) is not None]
    if not ids:
        return None
    known = pa.concat_arrays([pc.unique(each) for each in ids])
    rows = found = 0
    for source in events:
        column = source.column("product_id")
        if column is not None:
            values = column.ids().drop_null()
            rows += len(values)
            found += pc.sum(pc.is_in(values, known)).as_py() or 0
    return 1.0 - found / rows if rows else None
