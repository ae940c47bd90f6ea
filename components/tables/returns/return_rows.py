"""Which rows of a batch give something back, and what a piece cost where a row tells what all of them did."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import BASKET_ID, USER_ID
from components.tables.reading.parsed_column import Mask, ParsedColumn, float_values, missing_rows

# Of a row that gives something back, only who, what, when and how much of it counts.
NOT_ASKED_OF_RETURNS = frozenset({"event_type", "quantity", "price", "amount"})

RETURNS_SCHEMA = pa.schema(
    [
        (USER_ID, pa.large_binary()),
        ("product_id", pa.large_binary()),
        ("time", pa.int64()),
        ("quantity", pa.float64()),
    ]
)
"""Rows that give something back: who, what, when (Unix seconds or a position) and how many pieces, above 0."""


def return_rows(columns: Mapping[str, ParsedColumn], rows: int) -> Mask:
    """Tells which rows give something back.

    These are rows with a quantity below 0, and rows with an amount below 0 that say no quantity.

    Args:
        columns: The columns that the batch has, by name.
        rows: Rows of the batch.

    Returns:
        bool `(rows,)`.
    """
    quantity, amount = _numbers(columns, "quantity", rows), _numbers(columns, "amount", rows)
    with np.errstate(invalid="ignore"):
        return np.asarray((quantity < 0) | (np.isnan(quantity) & (amount < 0)), np.bool_)


def returned_pieces(columns: Mapping[str, ParsedColumn], times: pa.Array, chosen: Mask) -> pa.RecordBatch:
    """Gives the rows that give something back in the form of `RETURNS_SCHEMA`; without a quantity it is one piece.

    Args:
        columns: The columns that the batch has, by name.
        times: The column that orders events, int64.
        chosen: The rows, bool `(rows,)`.
    """
    quantity = np.abs(np.nan_to_num(_numbers(columns, "quantity", len(chosen)), nan=1.0))
    arrays = [columns[USER_ID].values, columns["product_id"].values, times, pa.array(quantity)]
    return pa.RecordBatch.from_arrays(
        [array.filter(pa.array(chosen)).cast(field.type) for array, field in zip(arrays, RETURNS_SCHEMA, strict=True)],
        schema=RETURNS_SCHEMA,
    )


def with_price_of_one(columns: Mapping[str, ParsedColumn], rows: int) -> dict[str, ParsedColumn]:
    """Divides amounts by quantities where a row has no price.

    A row without a quantity is of one piece; one of quantity 0 has no price.

    Args:
        columns: The columns that the batch has, by name.
        rows: Rows of the batch.

    Returns:
        The columns with a `price` if there was an `amount`.
    """
    if "amount" not in columns:
        return dict(columns)
    amount, quantity = (_numbers(columns, name, rows) for name in ("amount", "quantity"))
    pieces = np.abs(np.nan_to_num(quantity, nan=1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        computed = np.where(pieces > 0, np.abs(amount) / pieces, np.nan)
    price = columns.get("price", ParsedColumn(values=pa.nulls(rows, pa.float64())))
    given = price.values.cast(pa.float64())
    # A price that is wrong is none either, but the row is refused for it.
    values = pc.coalesce(given, pa.array(computed, pa.float64(), mask=np.isnan(computed)))
    return {**columns, "price": replace(price, values=values)}


def guest_rows(columns: Mapping[str, ParsedColumn], rows: int) -> Mask:
    """Tells which rows lack a user but belong to a basket, bool `(rows,)`."""
    if BASKET_ID not in columns:
        return np.zeros(rows, np.bool_)
    return missing_rows(columns[USER_ID].values) & ~missing_rows(columns[BASKET_ID].values)


def _numbers(columns: Mapping[str, ParsedColumn], name: str, rows: int) -> npt.NDArray[np.float64]:
    """Gives a column's numbers, NaN where there is none."""
    return float_values(columns[name].values, np.nan) if name in columns else np.full(rows, np.nan)
