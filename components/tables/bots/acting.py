"""Who acts as no person does: too fast, or on one product over and over; and who speaks of what they never had."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from components.tables.bots.options import BotOptions
from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS

_IntArray = npt.NDArray[np.int64]


def rows_of_bots(
    users: _IntArray, products: _IntArray, seconds: _IntArray, options: BotOptions
) -> npt.NDArray[np.bool_]:
    """Tells which events are those of bots: all of a user who is over a limit at any time.

    Args:
        users: `(rows,)`, numbers of users; below 0 for guests, who are nobody in particular.
        products: `(rows,)`, numbers of products.
        seconds: `(rows,)`, Unix seconds.
        options: The limits.

    Returns:
        bool `(rows,)`.
    """
    known = users >= 0
    users_known, products_known, seconds_known = users[known], products[known], seconds[known]
    fast = _too_fast(users_known, seconds_known, options.most_moments_an_hour)
    repeating = _repeating(users_known, products_known, seconds_known, options.most_repeats_a_day)
    return np.isin(users, np.concatenate([fast, repeating])) & known


def unfounded_rows(
    users: _IntArray,
    products: _IntArray,
    seconds: _IntArray,
    types: npt.NDArray[np.object_],
    only_after: Mapping[str, str],
) -> npt.NDArray[np.bool_]:
    """Tells which events lack the one that they count only after: of the same user and product, not later.

    Args:
        users: `(rows,)`, numbers of users; below 0 for guests, who have had nothing.
        products: `(rows,)`, numbers of products.
        seconds: `(rows,)`, Unix seconds.
        types: str `(rows,)`, event types.
        only_after: The type that an event needs before it, by its own.

    Returns:
        bool `(rows,)`.
    """
    _, pair = np.unique(np.stack([users, products]), axis=1, return_inverse=True)
    unfounded = np.zeros(len(users), np.bool_)
    for event_type, needed in only_after.items():
        first = np.full(len(users), np.iinfo(np.int64).max)
        founding = types == needed
        np.minimum.at(first, pair[founding], seconds[founding])
        unfounded |= (types == event_type) & ((users < 0) | (first[pair] > seconds))
    return unfounded


def _too_fast(users: _IntArray, seconds: _IntArray, most: int) -> _IntArray:
    """Returns users with more than so many distinct moments within less than an hour."""
    moments = np.unique(np.stack([users, seconds], axis=1), axis=0)
    first, last = moments[:-most], moments[most:]
    within = (first[:, 0] == last[:, 0]) & (last[:, 1] - first[:, 1] < HOUR_SECONDS)
    return first[within, 0]


def _repeating(users: _IntArray, products: _IntArray, seconds: _IntArray, most: int) -> _IntArray:
    """Returns users with more than so many distinct moments of one product on one day."""
    moments = np.unique(np.stack([users, products, seconds], axis=1), axis=0)
    moments[:, 2] //= DAY_SECONDS
    days, times = np.unique(moments, axis=0, return_counts=True)
    return days[times > most, 0]
