"""From the events of some users to their baskets."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import TRAIN_PERIOD, order_events, run_starts
from components.events.moments import SplitMoments, event_periods
from components.rules.itemset_mining import IntArray
from components.time_zones import wall_from_unix
from serving.graph.time_units import DAY_SECONDS

BASKETS_SCHEMA = pa.schema([("items", pa.list_(pa.int32())), ("day", pa.int64())])


class KnownEvents(NamedTuple):
    """Events before validation.

    Attributes:
        events: Those that count.
        cut: Those that do not, as their basket_id reaches into validation.
    """

    events: pa.Table
    cut: pa.Table


def known_events(
    events: pa.Table, moments: SplitMoments, event_weights: Sequence[float], *, has_timestamps: bool
) -> KnownEvents:
    """Returns the events that the towers learn from too: those before validation.

    Of a basket_id that reaches into validation nothing counts, since a part of a basket would tell that its products
    are not bought with those of the other part.

    Args:
        events: What `BucketEvents` makes, with all events of each user in it.
        moments: Where the periods begin; where each user's last groups decide, a user's events end before them.
        event_weights: Weight of each event type.
        has_timestamps: Whether `time` is Unix seconds, and not a position.
    """
    time = events["time"].to_numpy()
    if moments.validation_start is not None:
        known = time < moments.validation_start
    else:
        # The towers take events at one position for one group, whatever basket they name.
        nameless = pa.chunked_array([pa.nulls(len(events), pa.binary())])
        place = events.column_names.index("basket_id")
        history = order_events(events if has_timestamps else events.set_column(place, "basket_id", nameless))
        later = event_periods(history, moments, np.array(event_weights, dtype=np.float64)) != TRAIN_PERIOD
        end = np.full(len(history.users) + 1, np.iinfo(np.int64).max)  # The last one is that of guests.
        np.minimum.at(end, history.user[later], history.time[later])
        user = pc.fill_null(pc.index_in(events["user_id"], value_set=history.users), -1).to_numpy()
        known = time < end[user]
    named = _codes(events["basket_id"])
    basket = (_codes(events["user_id"]) + 1) * (named.max(initial=0) + 1) + named
    cut = (named >= 0) & np.isin(basket, basket[~known & (named >= 0)])
    return KnownEvents(events=events.filter(pa.array(known & ~cut)), cut=events.filter(pa.array(known & cut)))


def make_baskets(events: pa.Table, product_ids: pa.Array, *, has_timestamps: bool, time_zone: str = "UTC") -> pa.Table:
    """Brings the products of each basket together.

    A basket is what a user, or a guest, bought under one basket_id; where an event has none, what the user bought on
    one day, or where events have positions and no time, at one position.

    Args:
        events: Columns user_id (null for a guest), product_id, basket_id (binary) and time (int64).
        product_ids: The catalogue's ids, binary. Other products are left out.
        has_timestamps: Whether `time` is Unix seconds, and not a position.
        time_zone: Where days begin and end at midnight.

    Returns:
        A table with `BASKETS_SCHEMA`, one row a basket with any product: their places in the catalogue, ascending and
        distinct, and the day of the basket's first event (days since 1970 by the calendar of the time zone; null where
        events have positions).
    """
    product = pc.index_in(events["product_id"], value_set=product_ids)
    known = product.is_valid()
    events, item = events.filter(known), product.drop_null().to_numpy().astype(np.int64)
    time = events["time"].to_numpy().astype(np.int64)
    moment = wall_from_unix(time, time_zone) // DAY_SECONDS if has_timestamps else time
    named = _codes(events["basket_id"])
    moment_code = np.where(named < 0, moment, 0)
    order = np.lexsort((item, moment_code, named, _codes(events["user_id"])))
    user = _codes(events["user_id"])[order]
    starts = run_starts(user, named[order], moment_code[order])
    basket = np.cumsum(starts) - 1
    first_day = np.minimum.reduceat(moment[order], np.flatnonzero(starts)) if len(order) else moment
    distinct = run_starts(basket, item[order])
    sizes = np.bincount(basket[distinct], minlength=len(first_day))
    days = pa.array(first_day) if has_timestamps else pa.nulls(len(first_day), pa.int64())
    return basket_table(item[order][distinct], sizes, days)


def basket_table(items: IntArray, sizes: IntArray, days: Any) -> pa.Table:
    """Returns a table with `BASKETS_SCHEMA` from the items of all baskets, one after another, and their number."""
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
    lists = pa.ListArray.from_arrays(offsets, pa.array(items.astype(np.int32)))
    return pa.table({"items": lists, "day": days}, schema=BASKETS_SCHEMA)


def basket_items(baskets: pa.Table) -> tuple[IntArray, IntArray]:
    """Returns the items of all baskets one after another, int32, and the number of each basket's items, int64."""
    lists = baskets["items"].combine_chunks()
    return lists.flatten().to_numpy(), pc.list_value_length(lists).to_numpy().astype(np.int64)


def level_baskets(baskets: pa.Table, item_of_product: IntArray) -> pa.Table:
    """Replaces products by what they belong to, such as their categories.

    Args:
        baskets: With `BASKETS_SCHEMA`.
        item_of_product: Item of each product of the catalogue, -1 for none.

    Returns:
        The same baskets, of distinct items, ascending; without those that have none.
    """
    products, sizes = basket_items(baskets)
    items, basket = item_of_product[products], np.repeat(np.arange(len(sizes)), sizes)
    basket, items = basket[items >= 0], items[items >= 0]
    order = np.lexsort((items, basket))
    basket, items = basket[order], items[order]
    distinct = run_starts(basket, items)
    sizes = np.bincount(basket[distinct], minlength=len(sizes))
    return basket_table(items[distinct], sizes[sizes > 0], baskets["day"].filter(pa.array(sizes > 0)))


def _codes(column: pa.ChunkedArray) -> IntArray:
    """Returns a number for each distinct value, -1 for null."""
    encoded = column.combine_chunks().dictionary_encode()
    codes: IntArray = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
