"""How users have bought in categories up to a moment, as numbers that tell the chance that they buy there again."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.events.history import IntArray
from serving.graph.time_units import DAY_SECONDS

FloatArray = npt.NDArray[np.float32]

# What is counted, each over so many periods before the moment; a period is as long as that of the chance.
_PERIODS = (1, 2, 4, 13)
NAMES = (
    *(f"visits of the category in {periods} periods" for periods in _PERIODS),
    *(f"periods of the last {periods} with a purchase of the category" for periods in _PERIODS[1:]),
    "days since the last purchase of the category",
    "days between visits of the category",
    "visits in 1 period",
    "visits in 4 periods",
    "days since the last visit",
    "days since the first visit",
    "categories in 4 periods",
    "purchases of the category by all",
)


class Purchases(NamedTuple):
    """What users bought; all arrays `(purchases,)`.

    Attributes:
        user: Row of the user, ascending.
        time: Unix seconds, ascending for each user.
        category: Place of the category, -1 for none of those that are told apart.
        visit: 1 at the first event of each visit of a user, else 0.
    """

    user: IntArray
    time: IntArray
    category: IntArray
    visit: npt.NDArray[np.float64]


def category_habits(
    purchases: Purchases, users: int, popularity: npt.NDArray[np.float64], moment: int, period_seconds: int
) -> FloatArray:
    """Returns `NAMES` of each user and category, as they stand before a moment.

    Args:
        purchases: Of all these users.
        users: How many there are.
        popularity: Purchases of each category by all users, `(categories,)`.
        moment: Unix seconds; later purchases do not count.
        period_seconds: Length of a period.

    Returns:
        float32 `(users, categories, numbers)`; days that are not known, of what was never bought, are NaN.
    """
    categories = len(popularity)
    cells = users * categories
    past = purchases.time < moment
    user, time, category = purchases.user[past], purchases.time[past], purchases.category[past]
    visit = purchases.visit[past]
    age = moment - time
    period = age // period_seconds
    told = category >= 0
    cell = user[told] * categories + category[told]
    # A visit of a category counts once, however many of its products it has.
    first = np.ones(len(cell), np.bool_)
    order = np.lexsort((time[told], cell))
    first[order[1:]] = (np.diff(cell[order]) != 0) | (np.diff(time[told][order]) != 0)
    cell, ages, periods = cell[first], age[told][first] / DAY_SECONDS, period[told][first]
    columns = [np.log1p(np.bincount(cell[periods < most], minlength=cells)) for most in _PERIODS]
    in_period = np.unique(cell * (_PERIODS[-1] + 1) + np.minimum(periods, _PERIODS[-1]))
    with_purchase, period_of = np.divmod(in_period, _PERIODS[-1] + 1)
    columns += [np.bincount(with_purchase[period_of < most], minlength=cells) for most in _PERIODS[1:]]
    last, oldest = np.full(cells, np.inf), np.full(cells, -np.inf)
    np.minimum.at(last, cell, ages)
    np.maximum.at(oldest, cell, ages)
    visits = np.bincount(cell, minlength=cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = (oldest - last) / (visits - 1)
    columns += [_known(last), np.where(visits > 1, between, np.nan)]
    by_category = np.stack([column.reshape(users, categories) for column in columns], axis=-1)
    whole = _user_numbers(user, age, period, visit, users)
    wide = np.bincount(np.unique(cell[periods < _PERIODS[2]]) // categories, minlength=users)
    shared = np.concatenate([whole, wide[:, np.newaxis]], axis=1)
    found = np.concatenate(
        [
            by_category,
            np.broadcast_to(shared[:, np.newaxis], (users, categories, shared.shape[1])),
            np.broadcast_to(np.log1p(popularity)[np.newaxis, :, np.newaxis], (users, categories, 1)),
        ],
        axis=-1,
    )
    return found.astype(np.float32)


def bought_within(purchases: Purchases, users: int, categories: int, start: int, end: int) -> npt.NDArray[np.bool_]:
    """Returns whether each user buys in each category from `start` to before `end`, `(users, categories)`."""
    within = (purchases.time >= start) & (purchases.time < end) & (purchases.category >= 0)
    cell = purchases.user[within] * categories + purchases.category[within]
    return np.bincount(cell, minlength=users * categories).reshape(users, categories) > 0


def share_of_periods(
    purchases: Purchases, users: int, categories: int, moment: int, period_seconds: int, periods: int = 2
) -> npt.NDArray[np.float64]:
    """Returns in which share of the last periods each user bought in each category, `(users, categories)`."""
    ends = [moment - number * period_seconds for number in range(periods)]
    bought = [bought_within(purchases, users, categories, end - period_seconds, end) for end in ends]
    return np.mean(bought, axis=0)


def _user_numbers(
    user: IntArray, age: IntArray, period: IntArray, visit: npt.NDArray[np.float64], users: int
) -> npt.NDArray[np.float64]:
    """Returns visits in 1 and 4 periods, and days since the last and the first visit, `(users, 4)`."""
    last, first = np.full(users, np.inf), np.full(users, -np.inf)
    np.minimum.at(last, user, age / DAY_SECONDS)
    np.maximum.at(first, user, age / DAY_SECONDS)
    visits = [np.bincount(user[period < most], visit[period < most], minlength=users) for most in (1, _PERIODS[2])]
    return np.stack([*map(np.log1p, visits), _known(last), _known(first)], axis=1)


def _known(days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.isfinite(days), days, np.nan)
