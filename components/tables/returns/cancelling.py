"""Returns cancel purchases: which of a bucket's rows lose how many pieces; NumPy over Arrow columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import BASKET_ID, USER_ID
from components.tables.returns.order_counts import cancellations
from components.tables.returns.return_rows import RETURNS_SCHEMA

_PRODUCT_ID = "product_id"
# Quantities are float32 in the examples: what is left below this share of them is nothing.
_NOTHING = 1e-6

_Floats = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """What returns leave of the rows of some users.

    Attributes:
        left: Pieces left of each row, float64 `(rows,)`; NaN where no return touches the row.
        gives_back: Whether a row is a return itself, bool `(rows,)`.
        unmatched: Returns that find no purchase.
    """

    left: _Floats
    gives_back: _Mask
    unmatched: int

    @property
    def gone(self) -> _Mask:
        """Tells which rows have nothing left, bool `(rows,)`."""
        return np.asarray(self.left == 0)

    @property
    def lowered(self) -> _Mask:
        """Tells which rows have fewer pieces than before, but some, bool `(rows,)`."""
        return np.asarray(self.left > 0)

    @property
    def kept(self) -> _Mask:
        """Tells which rows stay, bool `(rows,)`."""
        return ~self.gone & ~self.gives_back


def cancel_purchases(
    rows: pa.Table, returned: pa.Table, bought_event_types: tuple[str, ...], *, baskets_cancel: bool = False
) -> Cancelled:
    """Lets each return take its pieces from the latest purchase of its user and product that has any left.

    Returns go in order of time. A purchase counts if it is of the same moment or earlier; of several at one moment, the
    last in order of basket, quantity and price is the latest. A return takes from one purchase, and no more than that
    has. A purchase without a quantity is of one piece. What guests give back finds nothing.

    Args:
        rows: Events with plain columns: user_id, product_id, event_type, basket_id (binary), timestamp, position
            (int64), quantity, price (float).
        returned: What they give back, with `RETURNS_SCHEMA`.
        bought_event_types: The event types that are purchases.
        baskets_cancel: Whether a row whose basket_id is C and digits gives something back too.
    """
    gives_back = np.zeros(len(rows), np.bool_)
    if baskets_cancel:
        gives_back = pc.fill_null(cancellations(rows[BASKET_ID]), False).to_numpy()
        returned = pa.concat_tables([returned, _as_returned(rows.filter(pa.array(gives_back)))])
    purchases = _purchases(rows, returned, bought_event_types, gives_back)
    left = np.full(len(rows), np.nan)
    stacks: dict[tuple[bytes, bytes], list[int]] = {}
    pieces: dict[int, float] = {}
    waiting = iter(purchases.to_pylist())
    next_one = next(waiting, None)
    unmatched = 0
    order = [("time", "ascending"), ("quantity", "ascending")]
    for each in returned.sort_by(order).to_pylist():
        while next_one is not None and next_one["time"] <= each["time"]:
            stacks.setdefault((next_one[USER_ID], next_one[_PRODUCT_ID]), []).append(next_one["row"])
            pieces[next_one["row"]] = next_one["quantity"]
            next_one = next(waiting, None)
        stack = stacks.get((each[USER_ID], each[_PRODUCT_ID]))
        if not stack or each["quantity"] <= 0:
            unmatched += 1
            continue
        row = stack[-1]
        rest = (pieces[row] if np.isnan(left[row]) else left[row]) - each["quantity"]
        left[row] = rest if rest > _NOTHING * pieces[row] else 0.0
        if left[row] == 0:
            stack.pop()
    return Cancelled(left=left, gives_back=gives_back, unmatched=unmatched)


def _purchases(rows: pa.Table, returned: pa.Table, bought_event_types: tuple[str, ...], gives_back: _Mask) -> pa.Table:
    """Returns the purchases that a return may be about, the earliest first, with their places as `row`."""
    types = pa.array([name.encode() for name in bought_event_types], rows.schema.field("event_type").type)
    quantity = pc.fill_null(rows["quantity"].cast(pa.float64()), 1.0)
    table = pa.table(
        {
            USER_ID: rows[USER_ID],
            _PRODUCT_ID: rows[_PRODUCT_ID],
            BASKET_ID: rows[BASKET_ID],
            "time": _times(rows),
            "quantity": quantity,
            "price": rows["price"],
            "row": np.arange(len(rows)),
        }
    )
    # Most rows are of products that their users never gave back, and are done with before any of them is looked at.
    mask = pc.and_(pc.is_in(rows["event_type"], value_set=types), pc.greater(quantity, 0.0))
    table = table.filter(pc.and_(mask, pa.array(~gives_back)))
    for name in (USER_ID, _PRODUCT_ID):
        given_back = returned[name].drop_null().unique().cast(table.schema.field(name).type)
        table = table.filter(pc.is_in(table[name], value_set=given_back))
    order = ("time", BASKET_ID, "quantity", "price")
    return table.sort_by([(name, "ascending") for name in order]).select(
        [USER_ID, _PRODUCT_ID, "time", "quantity", "row"]
    )


def _as_returned(rows: pa.Table) -> pa.Table:
    """Returns good rows, which have no negative numbers, in the form of rows that give something back."""
    columns = {
        USER_ID: rows[USER_ID],
        _PRODUCT_ID: rows[_PRODUCT_ID],
        "time": _times(rows),
        "quantity": pc.fill_null(rows["quantity"].cast(pa.float64()), 1.0),
    }
    return pa.table(columns).cast(RETURNS_SCHEMA)


def _times(rows: pa.Table) -> pa.ChunkedArray:
    """Returns what orders events: the timestamp, or the position where there is none; int64."""
    return pc.coalesce(rows["timestamp"], rows["position"])
