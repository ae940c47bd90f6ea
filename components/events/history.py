"""Events of many users in order, cut into groups and periods; plain NumPy over Arrow columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

TRAIN_PERIOD, EVAL_PERIOD, TEST_PERIOD = 0, 1, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class EventHistory:
    """Events ordered by user, time, basket and product, whatever order they came in.

    A group is what a user did at once: consecutive events of one user with the same time and basket.

    Attributes:
        users: Distinct user ids in byte order; binary.
        user: Index into `users`, -1 for a guest, who has no id, `(events,)`.
        time: Unix seconds, or the position where events have no timestamp, `(events,)`.
        group: Group number, not decreasing, `(events,)`.
        products: Distinct product ids in byte order; binary. A catalogue's ids after `in_catalogue`.
        product: Index into `products`, `(events,)`.
        event_type: Index into the configured event types, `(events,)`.
    """

    users: pa.Array
    user: IntArray
    time: IntArray
    group: IntArray
    products: pa.Array
    product: IntArray
    event_type: IntArray

    def __len__(self) -> int:
        return len(self.user)

    def keep(self, mask: BoolArray) -> "EventHistory":
        """Returns the events where `mask`, `(events,)`, is true; users and groups keep their numbers."""
        return EventHistory(
            users=self.users,
            user=self.user[mask],
            time=self.time[mask],
            group=self.group[mask],
            products=self.products,
            product=self.product[mask],
            event_type=self.event_type[mask],
        )

    def not_of_guests(self) -> BoolArray:
        """Returns which events are not of guests, `(events,)`."""
        return self.user >= 0

    def in_catalogue(self, product_ids: pa.Array) -> tuple["EventHistory", BoolArray]:
        """Leaves out events of products that a catalogue lacks.

        Args:
            product_ids: The catalogue's product ids in byte order; binary. It is hashed at each call, so a
                call costs time in proportion to the catalogue plus the events.

        Returns:
            The history whose `product` is the row in the catalogue, and the mask `(events,)` of what stayed.
        """
        index = pc.index_in(self.products, value_set=product_ids)
        index_of_product = pc.fill_null(index, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        product = index_of_product[self.product] if len(self) else self.product
        mask = product >= 0
        kept = self.keep(mask)
        return EventHistory(**{**kept.__dict__, "products": product_ids, "product": product[mask]}), mask


def order_events(events: pa.Table) -> EventHistory:
    """Puts events in order and numbers their groups.

    Args:
        events: Columns user_id (binary, null for a guest), product_id (binary), event_type (integer index), time
            (int64), and basket_id (binary, null for none).

    Returns:
        The ordered events. Equal rows are interchangeable, so the result does not depend on the rows' order.
    """
    user, users = _ranks(events["user_id"])
    product, products = _ranks(events["product_id"])
    basket, _ = _ranks(events["basket_id"])
    time = events["time"].to_numpy().astype(np.int64)
    event_type = events["event_type"].to_numpy().astype(np.int64)
    order = np.lexsort((event_type, product, basket, time, user))
    user, time, basket = user[order], time[order], basket[order]
    return EventHistory(
        users=users,
        user=user,
        time=time,
        group=np.cumsum(run_starts(user, time, basket)) - 1,
        products=products,
        product=product[order],
        event_type=event_type[order],
    )


def periods_by_time(history: EventHistory, validation_start: int, test_start: int) -> IntArray:
    """Returns each event's period, `(events,)`: before validation, validation, test; same moments for all."""
    return (history.time >= validation_start).astype(np.int64) + (history.time >= test_start)


def periods_by_last_groups(history: EventHistory, is_target: BoolArray) -> IntArray:
    """Returns each event's period, `(events,)`, where each user's last group is the test.

    The test period of a user starts with the last group that has an event that can be predicted, the
    validation period with the last such group before it. A user with one such group has no validation
    period; one with none is all training, and so is what guests do.

    Args:
        history: Ordered events.
        is_target: Whether an event's type can be predicted, `(events,)`.
    """
    never = np.int64(len(history) + 1)
    # The last place is that of guests.
    test_group = np.full(len(history.users) + 1, never)
    eval_group = np.full(len(history.users) + 1, never)
    is_target = is_target & history.not_of_guests()
    starts = np.flatnonzero(run_starts(history.group[is_target]))
    group, user = history.group[is_target][starts], history.user[is_target][starts]
    last = np.append(user[1:] != user[:-1], True) if len(user) else np.zeros(0, dtype=bool)
    test_group[user[last]] = group[last]
    eval_group[user[last]] = group[last]
    second_last = np.flatnonzero(last) - 1
    second_last = second_last[second_last >= 0]
    second_last = second_last[~last[second_last]]  # One that is the last of the user before is not this user's.
    eval_group[user[second_last]] = group[second_last]
    return (history.group >= eval_group[history.user]).astype(np.int64) + (history.group >= test_group[history.user])


def run_starts(*columns: npt.NDArray[Any]) -> BoolArray:
    """Returns where a row differs from the one before it in any column, `(rows,)`; the first row does."""
    starts = np.zeros(len(columns[0]), dtype=bool)
    starts[:1] = True
    for column in columns:
        starts[1:] |= column[1:] != column[:-1]
    return starts


def concatenated_ranges(starts: IntArray, lengths: IntArray) -> IntArray:
    """Returns `starts[0], starts[0] + 1, …` of `lengths[0]` numbers, then the same of the next, as one array."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)


def _ranks(column: pa.ChunkedArray) -> tuple[IntArray, pa.Array]:
    """Returns each value's place among the distinct values in byte order, -1 for null, and those values."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary).to_numpy()
    rank_of_code = np.empty(len(order) + 1, dtype=np.int64)
    rank_of_code[order] = np.arange(len(order))
    rank_of_code[-1] = -1
    codes = pc.fill_null(encoded.indices, len(order)).to_numpy(zero_copy_only=False)
    ranks: IntArray = rank_of_code[codes]
    return ranks, encoded.dictionary.take(pa.array(order))
