"""The row of each user in `users/profiles.parquet`."""

import numpy as np
import pyarrow as pa

from components.events.history import IntArray
from components.segmentation.examples.user_events import UserEvents
from components.segmentation.profiles.categories import Categories, most_often
from components.segmentation.profiles.category_habits import Purchases, category_habits
from components.segmentation.profiles.chances import Chances
from components.segmentation.profiles.first_buyers import FirstBuyers, best_new_products
from components.segmentation.profiles.new_products import ProductGroups
from components.segmentation.profiles.options import ProfileOptions
from serving.graph.time_units import DAY_SECONDS

PROFILES_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("favourite_categories", pa.list_(pa.string())),
        ("favourite_brands", pa.list_(pa.string())),
        ("price_level", pa.float32()),
        ("visits", pa.int64()),
        ("days_between_visits", pa.float32()),
        ("days_since_last", pa.float32()),
        ("likely_categories", pa.list_(pa.string())),
        ("likely_chances", pa.list_(pa.float32())),
        ("chances", pa.list_(pa.float32())),
        ("new_products", pa.list_(pa.string())),
    ]
)
# Users whose habits are held at once, some 10 MiB with 400 categories.
_AT_ONCE = 500


def bought_purchases(events: UserEvents, rows: IntArray, categories: Categories) -> Purchases:
    """Returns the purchases among events of known users; `rows` are those of the events' products."""
    category = np.where(rows >= 0, categories.category[rows], -1)
    bought = events.bought
    return Purchases(events.user[bought], events.time[bought], category[bought], _bought_visits(events))


def profile_rows(
    events: UserEvents,
    categories: Categories,
    chances: Chances,
    options: ProfileOptions,
    end: int,
    new: tuple[ProductGroups, FirstBuyers] | None = None,
) -> pa.Table:
    """Returns a row of each user who ever bought something, with `PROFILES_SCHEMA`.

    Args:
        events: Of known users, all that there are of them.
        categories: What is known of products.
        chances: Tells the chance to buy in each category.
        options: What profiles say.
        end: Unix seconds of the end of the events.
        new: Products and what orders the new ones of them; None where none are named.
    """
    rows = categories.rows(events.product_id)
    purchases = bought_purchases(events, rows, categories)
    buyers = np.unique(purchases.user)
    tables = [
        _rows(events, rows, purchases, categories, chances, options, end, buyers[start : start + _AT_ONCE])
        for start in range(0, len(buyers), _AT_ONCE)
    ]
    if not tables:
        return PROFILES_SCHEMA.empty_table()
    named: list[list[str]] = [[] for _ in buyers]
    if new is not None:
        groups, model = new
        # Products are in the same order in both.
        known = events.bought & (rows >= 0)
        named = best_new_products(
            np.searchsorted(buyers, events.user[known]),
            rows[known],
            end - events.time[known],
            len(buyers),
            groups,
            model,
            options.most_new_products,
            options.new_products,
            options.chance_seconds,
        )
    column = PROFILES_SCHEMA.field("new_products")
    return pa.concat_tables(tables).append_column(column, pa.array(named, column.type))


def of_some_users(purchases: Purchases, users: IntArray) -> Purchases:
    """Returns the purchases of some users, numbered in the order of these."""
    kept = np.isin(purchases.user, users)
    user = np.searchsorted(users, purchases.user[kept])
    return Purchases(user, purchases.time[kept], purchases.category[kept], purchases.visit[kept])


def _rows(
    events: UserEvents,
    rows: IntArray,
    purchases: Purchases,
    categories: Categories,
    chances: Chances,
    options: ProfileOptions,
    end: int,
    users: IntArray,
) -> pa.Table:
    own = of_some_users(purchases, users)
    likely = chances.of(category_habits(own, len(users), categories.popularity, end, options.chance_seconds))
    names = np.array(categories.names, object)
    best = np.argsort(-likely, axis=1, kind="stable")[:, : options.favourites]
    within = events.bought & (events.time >= end - options.window_seconds)
    table = []
    for place, user in enumerate(users.tolist()):
        start, stop = np.searchsorted(events.user, [user, user + 1])
        lately = np.flatnonzero(within[start:stop]) + start
        products = rows[lately]
        products = products[products >= 0]
        category, level = categories.category[products], categories.price_level[products]
        # Two baskets on one day are one visit; days are counted back from the end.
        days = np.unique((end - events.time[lately]) // DAY_SECONDS)
        last = own.time[own.user == place].max()
        table.append(
            {
                "user_id": events.users[user].as_py().decode("utf-8", "replace"),
                "favourite_categories": most_often(names[category[category >= 0]].tolist(), options.favourites),
                "favourite_brands": most_often(
                    categories.brands.take(pa.array(products)).to_pylist(), options.favourites
                ),
                "price_level": float(np.nanmean(level)) if np.isfinite(level).any() else None,
                "visits": len(days),
                "days_between_visits": float(np.median(np.diff(days))) if len(days) > 1 else None,
                "days_since_last": float(end - last) / DAY_SECONDS,
                "likely_categories": names[best[place]].tolist(),
                "likely_chances": likely[place, best[place]].tolist(),
                "chances": likely[place].tolist(),
            }
        )
    return pa.Table.from_pylist(table, PROFILES_SCHEMA.remove(PROFILES_SCHEMA.get_field_index("new_products")))


def _bought_visits(events: UserEvents) -> np.ndarray:
    """Returns 1 at the first purchase of each user and moment, else 0, `(purchases,)`."""
    user, time = events.user[events.bought], events.time[events.bought]
    first: np.ndarray = np.ones(len(user))
    first[1:] = (np.diff(user) != 0) | (np.diff(time) != 0)
    return first
