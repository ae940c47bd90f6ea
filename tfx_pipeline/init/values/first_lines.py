"""Columns that the first line of each order alone has."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.proposal import ProposedColumn

_MOSTLY = 0.99
_FIRST_FILLED = 0.5


def columns_of_first_lines(columns: Mapping[str, ProposedColumn], note: Callable[[str], None]) -> list[str]:
    """Returns the columns to fill down, where the first line of each order alone says who bought, or when.

    Args:
        columns: Columns of a source, by their name here.
        note: Takes a remark if there are any.
    """
    basket = columns.get("basket_id")
    others = [column for name in ("user_id", "timestamp") if (column := columns.get(name)) is not None]
    if basket is None or any(column.sample is not basket.sample for column in others):
        return []
    found = _in_first_lines(basket.sample.rows, basket.theirs, [column.theirs for column in others])
    if not found:
        return []
    shown = " and ".join(f"`{name}`" for name in found)
    note(f"{basket.sample.label}: {shown} of the first line of each `{basket.theirs}` count for its others.")
    return [basket.theirs, *found]


def _in_first_lines(rows: pa.Table, basket: str, names: Sequence[str]) -> list[str]:
    """Returns the columns that have a value in the first line of most orders, and in hardly any line below it.

    Args:
        rows: Lines as the file holds them, those of an order below each other.
        basket: The column of orders, which each line has.
        names: The columns that are looked at.
    """
    orders = rows[basket].combine_chunks()
    if len(orders) < 2 or pa.types.is_nested(orders.type):
        return []
    later = np.zeros(len(orders), np.bool_)
    same = pc.fill_null(pc.equal(orders[1:], orders[:-1]), False)
    later[1:] = same.to_numpy(zero_copy_only=False)
    found = []
    for name in names:
        empty = rows[name].is_null().to_numpy()
        if later.any() and empty[later].mean() >= _MOSTLY and empty[~later].mean() <= _FIRST_FILLED:
            found.append(name)
    return found
