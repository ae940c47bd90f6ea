"""What a way of ordering would have brought over past weeks."""

from typing import NamedTuple

import numpy as np

from components.demand.planning.ordering import order_quantity
from trainer.demand.series import Floats

_WEEK_DAYS, _YEAR_WEEKS = 7.0, 52.18


class Simulated(NamedTuple):
    """What a way of ordering came to.

    Attributes:
        fill_rate: Share of the demand that was met from stock.
        stock_days: Days that the mean stock lasts at the mean demand.
        cost: Of keeping the stock, and of the margin that was lost.
        holding_cost: The part of keeping.
        lost_margin: The other part.
    """

    fill_rate: float
    stock_days: float
    cost: float
    holding_cost: float
    lost_margin: float


def simulate(
    levels: Floats,
    demand: Floats,
    lead_weeks: Floats,
    pack_size: Floats,
    price: Floats,
    cost: Floats,
    holding_rate: float,
) -> Simulated:
    """Orders at the begin of each week up to a level, and sells what is there.

    It begins with the first level in stock. What is missing is lost, not owed. An order of week t is there at the begin
    of week t + lead, and stock counts at the end of a week.

    Args:
        levels: `(series, weeks)`: what stock and orders are brought up to.
        demand: `(series, weeks)`; NaN counts as none.
        lead_weeks: `(series,)`: whole weeks until an order arrives.
        pack_size: `(series,)`.
        price: `(series,)`.
        cost: `(series,)`, of a piece.
        holding_rate: Of a year, as a share of the cost.
    """
    wanted = np.nan_to_num(demand)
    number, weeks = wanted.shape
    lead = np.asarray(lead_weeks, np.int64)
    arriving = np.zeros((number, weeks + int(lead.max(initial=0)) + 1))
    rows = np.arange(number)
    stock, ordered = np.ceil(levels[:, 0]), np.zeros(number)
    sold, kept = np.zeros(number), np.zeros(number)
    for week in range(weeks):
        order = order_quantity(levels[:, week], stock + ordered, pack_size)
        np.add.at(arriving, (rows, week + lead), order)
        ordered += order
        stock += arriving[:, week]
        ordered -= arriving[:, week]
        sales = np.minimum(stock, wanted[:, week])
        stock -= sales
        sold += sales
        kept += stock
    total = wanted.sum()
    holding = float((kept * cost).sum() * holding_rate / _YEAR_WEEKS)
    lost = float(((wanted.sum(1) - sold) * np.maximum(price - cost, 0.0)).sum())
    return Simulated(
        fill_rate=float(sold.sum() / total) if total else 1.0,
        stock_days=float(kept.sum() / total * _WEEK_DAYS) if total else 0.0,
        cost=holding + lost,
        holding_cost=holding,
        lost_margin=lost,
    )
