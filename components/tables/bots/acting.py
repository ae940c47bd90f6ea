"""Who acts as no person does: too fast, or on one product over and over."""

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
