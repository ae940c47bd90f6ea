"""Events of many users in order, with what they cost, as they stand at a moment; plain NumPy over Arrow columns."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import BoolArray, FloatArray, IntArray, concatenated_ranges, run_starts
from components.events.list_columns import lists
from serving.graph.time_units import DAY_SECONDS
from serving.segmentation.signals import SIGNAL_COLUMNS, signal_feature

_ORDER = ("user_id", "time", "basket_id", "product_id", "event_type")


@dataclass(frozen=True, kw_only=True, eq=False)
class UserEvents:
    """Events ordered by user, time, basket and product.

    Attributes:
        users: Distinct user ids in byte order; binary.
        user: Index into `users`, -1 for a guest, who has no id, `(events,)`.
        time: Unix seconds, `(events,)`.
        product_id: binary `(events,)`.
        event_type: Number of the event type, `(events,)`.
        spend: What the event cost, 0 for what costs nothing, `(events,)`.
        bought: Whether the event is of the type that costs money, `(events,)`.
        priced: Whether what it cost is known, `(events,)`.
        visit: 1 at the first event of each user, time and basket, else 0, `(events,)`.
        signals: What else came with events, by column: a search (binary), seconds or a rating (float32), null for none.
    """

    users: pa.Array
    user: IntArray
    time: IntArray
    product_id: pa.Array
    event_type: IntArray
    spend: FloatArray
    bought: BoolArray
    priced: BoolArray
    visit: FloatArray
    signals: pa.Table

    def of_users(self) -> "UserEvents":
        """Returns the events without those of guests."""
        chosen = self.user >= 0
        columns = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "users"}
        arrow_mask = pa.array(chosen)
        return UserEvents(
            users=self.users,
            **{
                name: column[chosen] if isinstance(column, np.ndarray) else column.filter(arrow_mask)
                for name, column in columns.items()
            },
        )

    def total(self, weights: FloatArray, low: int, high: int) -> FloatArray:
        """Returns the sum of `(events,)` weights of each user's events from `low` to before `high`, `(users,)`."""
        within = (self.time >= low) & (self.time < high)
        return np.bincount(self.user[within], weights[within], minlength=len(self.users)).astype(np.float64)

    def active(self, moment: int, seconds: int) -> IntArray:
        """Returns the users who bought something in the seconds up to a moment, in order."""
        return np.flatnonzero(self.total(self.bought.astype(np.float64), moment - seconds, moment) > 0)


def order_user_events(events: pa.Table, bought_type: int) -> UserEvents:
    """Puts events in order.

    Args:
        events: Columns user_id (null for a guest), product_id and basket_id (binary), event_type (integer), time
            (int64), and quantity and price (float), null where unknown. A quantity that is not known is 1. Columns of
            `SIGNAL_COLUMNS` may be there.
        bought_type: Number of the event type that costs money.
    """
    events = events.take(pc.sort_indices(events, sort_keys=[(name, "ascending") for name in _ORDER])).combine_chunks()
    users = events["user_id"].combine_chunks().dictionary_encode()
    user = pc.fill_null(users.indices, -1).to_numpy().astype(np.int64)
    time = events["time"].to_numpy().astype(np.int64)
    basket = pc.fill_null(events["basket_id"].combine_chunks().dictionary_encode().indices, -1).to_numpy()
    price = events["price"].cast(pa.float64()).to_numpy()
    quantity = pc.fill_null(events["quantity"].cast(pa.float64()), 1.0).to_numpy()
    event_type = events["event_type"].to_numpy().astype(np.int64)
    bought = event_type == bought_type
    priced = bought & np.isfinite(price)
    return UserEvents(
        users=users.dictionary,
        user=user,
        time=time,
        product_id=events["product_id"].combine_chunks(),
        event_type=event_type,
        spend=np.where(priced, np.nan_to_num(price) * quantity, 0.0),
        bought=bought,
        priced=priced,
        visit=run_starts(user, time, basket).astype(np.float64),
        signals=events.select([name for name in SIGNAL_COLUMNS if name in events.column_names]),
    )


def histories(
    events: UserEvents, users: IntArray, moment: int, length: int, type_names: pa.Array
) -> dict[str, pa.Array]:
    """Returns the latest events of some users before a moment, as lists a user.

    Args:
        events: All events.
        users: Which users, int64 `(chosen,)`.
        moment: Unix seconds.
        length: Events of a history at the most.
        type_names: Name of each event type; binary.

    Returns:
        `history_ids` and `history_types` (lists of binary) and `history_age_seconds` (lists of float32), newest last;
        and what came with these events, by the names of `signal_feature`, empty or 0 for nothing.
    """
    starts = np.searchsorted(events.user, users)
    before = np.bincount(events.user[events.time < moment], minlength=len(events.users))[users]
    lengths = np.minimum(before, length)
    chosen = concatenated_ranges(starts + before - lengths, lengths)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    ids = events.product_id.take(pa.array(chosen))
    types = type_names.take(pa.array(events.event_type[chosen]))
    return {
        "history_ids": pa.ListArray.from_arrays(offsets, ids),
        "history_types": pa.ListArray.from_arrays(offsets, types),
        "history_age_seconds": lists((moment - events.time[chosen]).astype(np.float32), lengths),
        **{
            signal_feature(name): pa.ListArray.from_arrays(offsets, _signal(events.signals[name], chosen))
            for name in events.signals.column_names
        },
    }


def _signal(column: pa.ChunkedArray, chosen: IntArray) -> pa.Array:
    values = column.combine_chunks().take(pa.array(chosen))
    return values.fill_null(b"" if pa.types.is_binary(values.type) else 0.0)


def baseline_numbers(
    events: UserEvents, users: IntArray, moment: int, *, periods: tuple[int, int], areas: IntArray, area_count: int
) -> npt.NDArray[np.float32]:
    """Returns recency, frequency, money and money by area, as a baseline knows them: from all events and real prices.

    Args:
        events: All events.
        users: Which users, int64 `(chosen,)`.
        moment: Unix seconds.
        periods: Seconds up to the moment, a short and a long time.
        areas: Area of each event's product, int64 `(events,)`.
        area_count: How many areas there are.

    Returns:
        float32 `(chosen, 6 + areas)`: days since the last and the first event, visits and spend in the short and the
        long time, and spend by area in the long time.
    """
    short, long = (moment - seconds for seconds in periods)
    past = events.time < moment
    last, first = np.full(len(events.users), np.inf), np.full(len(events.users), -np.inf)
    ages = (moment - events.time[past]) / DAY_SECONDS
    np.minimum.at(last, events.user[past], ages)
    np.maximum.at(first, events.user[past], ages)
    within = past & (events.time >= long)
    by_area = np.zeros((len(events.users), area_count))
    np.add.at(by_area, (events.user[within], areas[within]), events.spend[within])
    columns = [
        last,
        first,
        events.total(events.visit, short, moment),
        events.total(events.visit, long, moment),
        events.total(events.spend, short, moment),
        events.total(events.spend, long, moment),
    ]
    return np.column_stack([*columns, by_area])[users].astype(np.float32)
