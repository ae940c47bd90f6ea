"""Whether the ids of events are those of the products."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.proposal import Proposal, ProposedColumn, ProposedSource
from tfx_pipeline.init.sample import Sample

# A pair of columns gives way to another only if that one finds clearly more, and not by chance.
_MORE = 0.01
_FOUND = 0.5

Choices = Iterable[tuple[Sample, Sequence[str]]]


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
    known = pa.concat_arrays([pc.unique(each) for each in ids])
    rows = found = 0
    for source in events:
        column = source.column("product_id")
        if column is not None:
            values = column.ids().drop_null()
            rows += len(values)
            found += pc.sum(pc.is_in(values, known)).as_py() or 0
    return 1.0 - found / rows if rows else None


def best_ids(events: Choices, products: Choices) -> tuple[str, str] | None:
    """Returns the columns by which most events find their product.

    Args:
        events: Files of events with the columns that may name a product, the likelier ones first.
        products: Files of products with the columns that may be their id, the likelier ones first.

    Returns:
        The column of the events and that of the products; None if too few events find a product by any.
    """
    asked = _ids_by_name(events)
    known = {name: pc.unique(ids.drop_null()) for name, ids in _ids_by_name(products).items()}
    best: tuple[float, tuple[str, str] | None] = (0.0, None)
    for own, ids in asked.items():
        for theirs, values in known.items():
            # A row without an id finds none.
            share = (pc.sum(pc.is_in(ids, values)).as_py() or 0) / max(1, len(ids))
            if share > best[0] + _MORE:
                best = (share, (own, theirs))
    return best[1] if best[0] >= _FOUND else None


def _ids_by_name(choices: Choices) -> dict[str, pa.Array]:
    found: dict[str, list[pa.Array]] = {}
    for sample, names in choices:
        for name in names:
            if name in sample.names:
                found.setdefault(name, []).append(sample.ids(name))
    return {name: pa.concat_arrays(arrays) for name, arrays in found.items()}


def _kept(source: ProposedSource, column: ProposedColumn) -> pa.Array:
    """Returns the ids of a column in the rows that are not left out for want of another value, such as a title."""
    ids, rows = column.ids(), source.sample.rows
    for name, left_out in source.options.get("leave_out", {}).items():
        if "" in left_out and name in rows.column_names and len(rows) == len(ids):
            mask = pc.is_valid(rows[name]).combine_chunks()
            ids, rows = ids.filter(mask), rows.filter(mask)
    return ids
