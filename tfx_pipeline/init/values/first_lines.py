"""Columns that the first line of each order alone has."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MOSTLY = 0.99
_FIRST_FILLED = 0.5


def stands_in_first_lines(rows: pa.Table, basket: str, names: Sequence[str]) -> list[str]:
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
