"""What returns cancel, against a search through all purchases for each return."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tables.returns.cancelling import cancel_purchases
from components.tables.returns.return_rows import RETURNS_SCHEMA


class Row(NamedTuple):
    user: bytes | None
    product: bytes
    kind: bytes
    time: int
    basket: bytes | None
    quantity: float | None
    price: float | None


class Return(NamedTuple):
    user: bytes | None
    product: bytes
    time: int
    quantity: float


def row(time: int, quantity: float | None = 1.0, **columns: Any) -> Row:
    return Row(**{"user": b"u", "product": b"p", "kind": b"purchase", "basket": None, "price": None, **columns},
               time=time, quantity=quantity)  # fmt: skip


def back(time: int, quantity: float = 1.0, user: bytes | None = b"u", product: bytes = b"p") -> Return:
    return Return(user, product, time, quantity)


def cancelled(rows: list[Row], returns: list[Return], order: str = "timestamp") -> tuple[list[float | None], int]:
    other = "position" if order == "timestamp" else "timestamp"
    table = pa.table(
        {
            "user_id": pa.array([each.user for each in rows], pa.binary()),
            "product_id": pa.array([each.product for each in rows], pa.binary()),
            "event_type": pa.array([each.kind for each in rows], pa.binary()),
            "basket_id": pa.array([each.basket for each in rows], pa.binary()),
            order: pa.array([each.time for each in rows], pa.int64()),
            other: pa.nulls(len(rows), pa.int64()),
            "quantity": pa.array([each.quantity for each in rows], pa.float32()),
            "price": pa.array([each.price for each in rows], pa.float32()),
        }
    )
    columns = zip(*returns, strict=True) if returns else [[]] * 4
    given_back = pa.table(dict(zip(RETURNS_SCHEMA.names, map(list, columns), strict=True)), schema=RETURNS_SCHEMA)
    found = cancel_purchases(table, given_back, ("purchase", "order"))
    assert found.gone.tolist() == [left == 0 for left in found.left]
    assert found.lowered.tolist() == [left > 0 for left in found.left]
    return [None if np.isnan(left) else left for left in found.left.tolist()], found.unmatched


def test_a_return_takes_from_the_latest_earlier_purchase_that_has_pieces_left() -> None:
    rows = [row(1, 2.0), row(2, 3.0), row(9, 5.0)]
    assert cancelled(rows, [back(5, 1.0)]) == ([None, 2.0, None], 0)
    assert cancelled(rows, [back(5, 3.0)]) == ([None, 0.0, None], 0)
    assert cancelled(rows, [back(5, 3.0), back(6, 1.0)]) == ([1.0, 0.0, None], 0)
    # No more than that purchase has.
    assert cancelled(rows, [back(5, 4.0)]) == ([None, 0.0, None], 0)
    assert cancelled(rows, [back(0, 1.0)]) == ([None, None, None], 1)


def test_a_purchase_of_the_same_moment_counts_as_earlier() -> None:
    assert cancelled([row(5)], [back(5)]) == ([0.0], 0)
    assert cancelled([row(5)], [back(5)], "position") == ([0.0], 0)


def test_of_one_moment_the_last_basket_is_the_latest_whatever_the_order_of_rows() -> None:
    rows = [row(5, 1.0, basket=b"7"), row(5, 1.0, basket=b"8"), row(5, 1.0, basket=b"6")]
    assert cancelled(rows, [back(6)]) == ([None, 0.0, None], 0)
    assert cancelled(rows[::-1], [back(6)]) == ([None, 0.0, None], 0)


def test_only_purchases_of_the_same_user_and_product_are_cancelled() -> None:
    rows = [row(1, user=b"v"), row(1, product=b"q"), row(1, kind=b"view"), row(1, user=None), row(1, kind=b"order")]
    assert cancelled(rows, [back(5)]) == ([None, None, None, None, 0.0], 0)
    assert cancelled(rows[:4], [back(5), back(5, user=None)]) == ([None] * 4, 2)


def test_a_purchase_without_a_quantity_is_one_piece_and_one_of_none_cannot_come_back() -> None:
    assert cancelled([row(1, None)], [back(5)]) == ([0.0], 0)
    assert cancelled([row(1, None)], [back(5, 0.25)]) == ([0.75], 0)
    assert cancelled([row(1, 0.0)], [back(5)]) == ([None], 1)


def test_parts_that_add_up_leave_nothing() -> None:
    assert cancelled([row(1, 0.3)], [back(5, 0.1), back(5, 0.2)]) == ([0.0], 0)


def plain(rows: list[Row], returns: list[Return]) -> tuple[list[float | None], int]:
    """The same, one return after another, each looking at every row."""
    pieces = [1.0 if each.quantity is None else each.quantity for each in rows]
    left = list(pieces)
    unmatched = 0
    for each in sorted(returns, key=lambda one: (one.time, one.quantity)):
        candidates = [
            place
            for place, one in enumerate(rows)
            if one.user is not None
            and (one.user, one.product, one.kind) == (each.user, each.product, b"purchase")
            and one.time <= each.time
            and left[place] > 0
        ]
        if not candidates:
            unmatched += 1
            continue
        place = max(candidates, key=lambda one: (rows[one].time, rows[one].basket or b"~", pieces[one], one))
        left[place] = max(0.0, left[place] - each.quantity)
    return [None if now == before else now for now, before in zip(left, pieces, strict=True)], unmatched


USERS, PRODUCTS = st.sampled_from([None, b"u", b"v"]), st.sampled_from([b"p", b"q"])


@given(
    rows=st.lists(
        st.builds(
            Row,
            user=USERS,
            product=PRODUCTS,
            kind=st.sampled_from([b"purchase", b"view"]),
            time=st.integers(0, 6),
            basket=st.sampled_from([None, b"1", b"2"]),
            quantity=st.sampled_from([None, 0.0, 1.0, 2.0, 5.0]),
            price=st.none(),
        ),
        max_size=30,
    ),
    returns=st.lists(
        st.builds(
            Return, user=USERS, product=PRODUCTS, time=st.integers(0, 7), quantity=st.sampled_from([1.0, 2.0, 4.0])
        ),
        max_size=15,
    ),
)
def test_as_a_search_through_all_purchases_finds_it(rows: list[Row], returns: list[Return]) -> None:
    found, unmatched = cancelled(rows, returns)
    expected, expected_unmatched = plain(rows, returns)
    assert unmatched == expected_unmatched
    # Rows that are the same in all that matters may stand for each other.
    assert sorted(zip(map(repr, rows), map(repr, found), strict=True)) == sorted(
        zip(map(repr, rows), map(repr, expected), strict=True)
    )


@pytest.mark.parametrize("rows", [[], [row(1)]])
def test_nothing_given_back_touches_nothing(rows: list[Row]) -> None:
    assert cancelled(rows, []) == ([None] * len(rows), 0)
