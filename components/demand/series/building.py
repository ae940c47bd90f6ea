"""What one bucket of products becomes: weekly arrays of each series."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.demand.series.prices import relative_price
from components.demand.series.weeks import ShopWeeks, Span

Doubles = npt.NDArray[np.float64]

PRICE, DISCOUNT, PLACEMENT = "price", "discount", "placement_"
PRODUCT, CATEGORY = "product", "category"
STOCK_NUMBERS = ("on_hand", "lead_time_days", "pack_size", "unit_cost")
# A week that sells so many times what the next best week of a series does, and so many pieces, is a slip of the pen.
_ABSURD_RATIO, _ABSURD_UNITS = 100.0, 1_000.0
_WEEK_DAYS = 7
# Weeks that tell how much a product is promoted of late.
_USUAL_WEEKS = 8

SERIES_SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("product_id", pa.binary()),
        ("store_id", pa.binary()),
        ("category", pa.string()),
        ("units", pa.list_(pa.float32())),
        ("prices", pa.list_(pa.float32())),
        ("covariates", pa.list_(pa.float32())),
        *((name, pa.float64()) for name in STOCK_NUMBERS),
    ]
)


class SeriesForm(NamedTuple):
    """What the arrays of all series have in common.

    Attributes:
        span: The weeks.
        horizon: Weeks after them whose covariates are known too.
        weeks: How the shop counts weeks.
        covariates: Names of the covariates, in order.
        placements: Those of them that are placements of promotions.
        planned: Whether promotions after the weeks are known.
    """

    span: Span
    horizon: int
    weeks: ShopWeeks
    covariates: tuple[str, ...]
    placements: tuple[str, ...]
    planned: bool


class Built(NamedTuple):
    """The series of a bucket.

    Attributes:
        table: With `SERIES_SCHEMA`.
        zeros: Series that were never sold in whole weeks, which are left out.
        absurd: Weeks that are taken for slips of the pen, which count as not known.
        stock_out: Weeks out of stock, which count as not known.
    """

    table: pa.Table
    zeros: int
    absurd: int
    stock_out: int


def build_series(
    sums: pa.Table, promotions: pa.Table | None, stock: pa.Table | None, categories: dict[bytes, str], form: SeriesForm
) -> Built:
    """Builds the series of one bucket of products.

    A week before the first sale is not known, nor is one in which the table of stock says that the product was out of
    stock; any other week without a sale is 0. What customers gave back was taken off its purchase before.

    Args:
        sums: Daily purchases, `components.demand.series.sums.SUMS_SCHEMA`, one row of each product, store and day.
        promotions: Rows of the table of the same products.
        stock: Likewise.
        categories: Of each product.
        form: What all series have in common.
    """
    span = form.span
    week = form.weeks.week_of_days(sums["day"].to_numpy().astype(np.int64)) - span.first
    inside = (week >= 0) & (week < span.weeks)
    sums, week = sums.filter(pa.array(inside)), week[inside]
    keys, rows = _series_of(sums)
    shape = (len(keys), span.weeks)
    units, revenue, priced = (
        _added(shape, rows, week, sums[name].to_numpy()) for name in ("units", "revenue", "priced")
    )
    sold = units.sum(1) > 0
    zeros = int((~sold).sum())
    keys, units, revenue, priced = keys.filter(pa.array(sold)), units[sold], revenue[sold], priced[sold]
    absurd = _absurd(units)
    units[absurd] = np.nan
    units[np.cumsum(np.nan_to_num(units), axis=1) == 0] = np.nan
    out, now = _stock_of(keys, stock, form)
    # What was sold is not all that would have been.
    units[out & ~absurd] = np.nan
    prices = np.divide(revenue, priced, out=np.full(priced.shape, np.nan), where=priced > 0)
    covariates = _covariates(keys, prices, promotions, form)
    ids = keys["product_id"].combine_chunks()
    table = pa.table(
        {
            "level": pa.array([PRODUCT] * len(keys), pa.string()),
            "product_id": ids,
            "store_id": keys["store_id"],
            "category": pa.array([categories.get(each, "") for each in ids.to_pylist()], pa.string()),
            "units": list_column(units),
            "prices": list_column(prices),
            "covariates": list_column(covariates.reshape(len(keys), covariates.shape[1] * covariates.shape[2])),
            **{name: pa.array(values, from_pandas=True) for name, values in now.items()},
        },
        SERIES_SCHEMA,
    )
    return Built(table, zeros, int(absurd.sum()), int(out.sum()))


def list_column(values: npt.NDArray[np.floating]) -> pa.Array:
    """Returns `(rows, width)` as a column of lists of float32."""
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.astype(np.float32).ravel()))


def _series_of(sums: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Returns product and store of each series, in order of products and then stores, and the series of each row."""
    codes, values = [], []
    for name in ("product_id", "store_id"):
        distinct = pc.unique(sums[name].combine_chunks())
        ordered = distinct.take(pc.sort_indices(distinct))
        codes.append(np.asarray(pc.index_in(sums[name], value_set=ordered).to_numpy(), np.int64))
        values.append(ordered)
    width = max(len(values[1]), 1)
    both, rows = np.unique(codes[0] * width + codes[1], return_inverse=True)
    columns = (values[0].take(pa.array(both // width)), values[1].take(pa.array(both % width)))
    return pa.table(dict(zip(("product_id", "store_id"), columns, strict=True))), rows.astype(np.int64)


def _added(
    shape: tuple[int, int], rows: npt.NDArray[np.int64], week: npt.NDArray[np.int64], values: Doubles
) -> Doubles:
    flat = np.bincount(rows * shape[1] + week, values, minlength=shape[0] * shape[1])
    return np.asarray(flat, np.float64).reshape(shape)


def _absurd(units: Doubles) -> npt.NDArray[np.bool_]:
    if units.shape[1] < 2:
        return np.zeros(units.shape, np.bool_)
    second = np.partition(units, -2, axis=1)[:, -2]
    most = np.maximum(_ABSURD_RATIO * np.maximum(second, 1.0), _ABSURD_UNITS)
    return np.asarray(units > most[:, None])


def _places(keys: pa.Table, table: pa.Table) -> list[tuple[int, int]]:
    """Returns (row of the table, row of the keys) for each that it is about; a row without a store is about all."""
    by_product: dict[bytes, list[tuple[int, bytes | None]]] = {}
    for number, (product, store) in enumerate(
        zip(keys["product_id"].to_pylist(), keys["store_id"].to_pylist(), strict=True)
    ):
        by_product.setdefault(product, []).append((number, store))
    products = table["product_id"].to_pylist()
    stores = table["store_id"].to_pylist() if "store_id" in table.column_names else [None] * len(table)
    return [
        (row, number)
        for row, (product, store) in enumerate(zip(products, stores, strict=True))
        for number, own in by_product.get(product, ())
        if store is None or own is None or store == own
    ]


def _stock_of(
    keys: pa.Table, stock: pa.Table | None, form: SeriesForm
) -> tuple[npt.NDArray[np.bool_], dict[str, Doubles]]:
    """Returns the weeks out of stock, `(series, weeks)`, and what the latest row of each series says.

    Of a product that is one series in all stores, on_hand adds up over stores.
    """
    out = np.zeros((len(keys), form.span.weeks), np.bool_)
    now = {name: np.full(len(keys), np.nan) for name in STOCK_NUMBERS}
    if stock is None or not len(stock):
        return out, now
    dated = "date" in stock.column_names
    moment = (
        pc.fill_null(stock["date"], np.iinfo(np.int64).max)
        if dated
        else pa.array([np.iinfo(np.int64).max] * len(stock))
    )
    time = np.asarray(moment.to_numpy(), np.int64)
    known = time < np.iinfo(np.int64).max
    week = np.full(len(stock), -1, np.int64)
    week[known] = form.weeks.week_of_days(form.weeks.days(time[known])) - form.span.first
    there = np.ones(len(stock), np.bool_)
    if "in_stock" in stock.column_names:
        there = np.asarray(pc.fill_null(stock["in_stock"].cast(pa.int64()), 1).to_numpy(), np.bool_)
    numbers = {name: _column(stock, name) for name in STOCK_NUMBERS}
    stores = stock["store_id"].to_pylist() if "store_id" in stock.column_names else [None] * len(stock)
    on_hand: dict[tuple[int, bytes | None], float] = {}
    pairs = sorted(_places(keys, stock), key=lambda pair: time[pair[0]])
    whole = (
        set(np.flatnonzero(np.asarray(keys["store_id"].is_null().to_numpy(zero_copy_only=False))).tolist())
        if len(keys)
        else set()
    )
    for row, number in pairs:
        if 0 <= week[row] < form.span.weeks and not there[row] and not (number in whole and stores[row] is not None):
            out[number, week[row]] = True
        for name, values in numbers.items():
            if np.isfinite(values[row]):
                now[name][number] = values[row]
        if np.isfinite(numbers["on_hand"][row]):
            on_hand[number, stores[row] if number in whole else None] = numbers["on_hand"][row]
    for number in {number for number, _ in on_hand}:
        now["on_hand"][number] = sum(value for (own, _), value in on_hand.items() if own == number)
    return out, now


def _column(table: pa.Table, name: str) -> Doubles:
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    return np.asarray(pc.fill_null(table[name].cast(pa.float64()), np.nan).to_numpy(), np.float64)


def _covariates(
    keys: pa.Table, prices: Doubles, promotions: pa.Table | None, form: SeriesForm
) -> npt.NDArray[np.float32]:
    """Returns `(series, weeks + horizon, covariates)`."""
    weeks = form.span.weeks + form.horizon
    found = np.zeros((len(keys), weeks, len(form.covariates)), np.float32)
    place = {name: number for number, name in enumerate(form.covariates)}
    if PRICE in place and len(keys):
        found[:, :, place[PRICE]] = relative_price(prices, weeks)
    if promotions is not None and len(promotions):
        _add_promotions(found, keys, promotions, form, place)
        if not form.planned:
            # A plan that is not there is no plan of nothing: what is always on display will be so next week.
            names = (DISCOUNT, *(PLACEMENT + each for each in form.placements))
            promoted = [place[name] for name in names if name in place]
            late = found[:, max(0, form.span.weeks - _USUAL_WEEKS) : form.span.weeks, promoted]
            if late.shape[1]:
                found[:, form.span.weeks :, promoted] = late.mean(axis=1, keepdims=True)
    begins = np.array([form.weeks.begin(form.span.first + week).timetuple().tm_yday for week in range(weeks)])
    for number, turn in (("year_sine", np.sin), ("year_cosine", np.cos)):
        if number in place:
            found[:, :, place[number]] = turn(2 * np.pi * begins / 365.25)
    return found


def _add_promotions(
    found: npt.NDArray[np.float32], keys: pa.Table, promotions: pa.Table, form: SeriesForm, place: dict[str, int]
) -> None:
    first = form.weeks.first_day_of(form.span.first)
    start = form.weeks.days(promotions["start"].to_numpy()) - first
    # A promotion ends with the day that its end lies in; one that ends at midnight does not last into that day.
    end = form.weeks.days(promotions["end"].to_numpy() - 1) - first + 1
    share = _column(promotions, "share")
    share = np.where(np.isfinite(share), share, 1.0)
    discount = np.nan_to_num(_column(promotions, DISCOUNT))
    placements = (
        promotions["placement"].to_pylist() if "placement" in promotions.column_names else [None] * len(promotions)
    )
    for row, number in _places(keys, promotions):
        for week in range(max(0, start[row] // _WEEK_DAYS), min(found.shape[1], -(-end[row] // _WEEK_DAYS))):
            days = min(end[row], (week + 1) * _WEEK_DAYS) - max(start[row], week * _WEEK_DAYS)
            part = share[row] * max(days, 0) / _WEEK_DAYS
            name = (placements[row] or b"").decode("utf-8", "replace")
            if name in form.placements:
                own = place[PLACEMENT + name]
                found[number, week, own] = max(found[number, week, own], part)
            if discount[row] and DISCOUNT in place:
                found[number, week, place[DISCOUNT]] = max(found[number, week, place[DISCOUNT]], part * discount[row])


def is_planned(promoted_until: int, span: Span, weeks: ShopWeeks) -> bool:
    """Returns whether a table of promotions, the last of which ends at a Unix time, says anything of what comes."""
    last_day = int(weeks.days(np.array([promoted_until - 1]))[0])
    return last_day >= weeks.first_day_of(span.first + span.weeks)


def covariate_names(*, priced: bool, discounted: bool, placements: Sequence[str], weeks: int) -> tuple[str, ...]:
    """Returns the names of the covariates in order; a year is only told apart where there are two of them."""
    names = [
        *([PRICE] if priced else []),
        *([DISCOUNT] if discounted else []),
        *(PLACEMENT + name for name in placements),
    ]
    return (*names, *(("year_sine", "year_cosine") if weeks >= 104 else ()))
