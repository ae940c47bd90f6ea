"""How much stock is enough, and what is ordered."""

import numpy as np

from trainer.demand.options import MEDIAN, QUANTILES, UPPER
from trainer.demand.series import Floats

_DRAWS = 200
_AT_ONCE = 4096
_WEEK_DAYS = 7.0


def quantile_at(found: Floats, levels: Floats) -> Floats:
    """Returns the units at other quantiles than the nine that a model answers.

    Between them units are linear in the quantile, below the first one they fall to the first less a step; above the
    last one the tail is exponential, as far as the step from the median to the last quantile is long.

    Args:
        found: `(…, 9)`.
        levels: `(draws,)`, in (0, 1).

    Returns:
        `(…, draws)`.
    """
    first = np.maximum(2.0 * found[..., :1] - found[..., 1:2], 0.0)
    grid = np.concatenate([first, found], axis=-1)
    place = np.clip(levels * 10.0, 0.0, 9.0)
    low = np.minimum(place.astype(np.int64), 8)
    inside = grid[..., low] + (place - low) * (grid[..., low + 1] - grid[..., low])
    scale = (found[..., UPPER:] - found[..., MEDIAN : MEDIAN + 1]) / np.log(
        (1.0 - QUANTILES[MEDIAN]) / (1.0 - QUANTILES[UPPER])
    )
    beyond = np.log(np.maximum((1.0 - QUANTILES[UPPER]) / np.maximum(1.0 - levels, 1e-12), 1.0))
    return np.asarray(inside + scale * beyond)


def demand_until(found: Floats, weeks: Floats, levels: Floats, seed: int = 0) -> Floats:
    """Returns quantiles of the demand of the next weeks together, by 200 draws of independent weeks.

    Args:
        found: `(series, horizon, 9)`.
        weeks: `(series,)`: how many, maybe with a fraction; beyond the horizon its last week goes on.
        levels: `(series,)`: the quantile that is wanted of each.
        seed: Of the drawing; all series share the draws.
    """
    longest = max(1, int(np.ceil(weeks.max(initial=1.0))))
    draws = np.random.default_rng(seed).random((longest, _DRAWS))
    answers = np.zeros(len(found))
    for start in range(0, len(found), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        total = np.zeros((len(found[part]), _DRAWS))
        for week in range(longest):
            share = np.clip(weeks[part] - week, 0.0, 1.0)
            total += share[:, None] * quantile_at(found[part, min(week, found.shape[1] - 1)], draws[week])
        ordered = np.sort(total, axis=1)
        place = np.clip(levels[part] * (_DRAWS - 1), 0, _DRAWS - 1)
        low = np.minimum(place.astype(np.int64), _DRAWS - 2)
        rows = np.arange(len(ordered))
        answers[part] = ordered[rows, low] + (place - low) * (ordered[rows, low + 1] - ordered[rows, low])
    return answers


def newsvendor_level(price: Floats, cost: Floats, holding_rate: float, days: Floats) -> Floats:
    """Returns the quantile at which one piece more costs as much to keep as it is likely to earn.

    The critical ratio of Arrow, Harris and Marschak ("Optimal inventory policy", Econometrica 1951): what a missing
    piece loses, its margin, over that and what a piece too many costs, keeping it for `days`.
    """
    margin = np.maximum(price - cost, 0.0)
    kept = np.maximum(cost * holding_rate * days / 365.25, 1e-9)
    return np.asarray(np.clip(margin / (margin + kept), 0.01, 0.995))


def order_quantity(level: Floats, stock: Floats, pack_size: Floats) -> Floats:
    """Returns how much brings the stock to a level, in whole packs; nothing where there is enough."""
    packs = np.ceil(np.round(np.maximum(level - stock, 0.0) / pack_size, 9))
    return np.asarray(packs * pack_size)


def cover_weeks(lead_time_days: Floats, review_days: float) -> Floats:
    """Returns how many weeks an order has to last: until the order after it has arrived."""
    return np.asarray((lead_time_days + review_days) / _WEEK_DAYS)
