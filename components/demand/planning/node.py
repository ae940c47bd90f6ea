"""DemandPlan: forecasts of the coming weeks, what to order and to move, and what prices do."""

from datetime import date, timedelta
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import path_utils
from typing_extensions import override

from components.artifacts import Catalogue, DemandPlan
from components.demand.judging.asking import served_ids, served_model
from components.demand.judging.categories import Answers, ask_tree, category_tree, choose_way, reconcile
from components.demand.planning.classes import abc_classes, xyz_classes
from components.demand.planning.moves import moves_between_stores
from components.demand.planning.options import StockOptions
from components.demand.planning.ordering import cover_weeks, demand_until, newsvendor_level, order_quantity
from components.demand.planning.prices import price_answers, usual_prices
from components.demand.planning.simulation import simulate
from components.demand.planning.tables import (
    FORECASTS_FILE,
    FORECASTS_SCHEMA,
    MOVES_FILE,
    MOVES_SCHEMA,
    PLAN_FILE,
    PRICES_FILE,
    PRICES_SCHEMA,
    RECENT_FILE,
    RECENT_SCHEMA,
    REORDER_FILE,
    REORDER_SCHEMA,
)
from components.demand.series.building import PLACEMENT, list_column
from components.demand.series_titles import series_titles
from components.parameters import execution_parameters
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.json_files import write_json
from trainer.artifacts.parquet_files import write_parquet
from trainer.demand.options import MEDIAN
from trainer.demand.series import Floats, Ints
from trainer.demand.series_files import StoredSeries, load_series
from trainer.exporting import read_model_card

RUNS_OUT, LIES_LONG = "runs out", "lies too long"
_MEDIAN_WEEKS, _RECENT_WEEKS, _YEAR_WEEKS = 8, 13, 52
_SHOWN_ALARMS = 10
_WEEK_DAYS = 7.0


class DemandPlanNodeSpec(ComponentSpec):
    """Inputs, outputs and parameters of DemandPlanner."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"plan": ChannelParameter(type=DemandPlan)}


class DemandPlannerExecutor(BaseExecutor):
    """Asks the served model about the coming weeks, and about each test week for the simulation."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the tables of `components.demand.planning.tables` and `plan.json`.

        Memory grows with the series times their weeks, and with 36 numbers a series and test week.

        Args:
            input_dict: `examples` and `catalogue`: of DemandExamples. `model`: what the trainer exported.
            output_dict: `plan`: the files.
            exec_properties: `options_json`: StockOptions. `source_digest` only keys the cache.
        """
        options = StockOptions.model_validate_json(exec_properties["options_json"])
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        stored = load_series(get_single_instance(input_dict["examples"]).uri, catalogue_uri)
        path = path_utils.serving_model_path(get_single_instance(input_dict["model"]).uri)
        uri = get_single_instance(output_dict["plan"]).uri
        fileio.makedirs(uri)
        ask, tree = served_model(path), category_tree(stored)
        weeks, horizon = stored.facts["weeks"], stored.facts["horizon"]
        before = stored.facts["test_week"] - horizon
        way = choose_way(ask_tree(ask, stored, tree, [before]), stored, tree, before)
        answers: Answers = ask_tree(ask, stored, tree, [weeks])
        reconciled = reconcile(way, answers, tree)
        coming = reconciled.bottom[: len(tree.bottom), 0]
        titles = series_titles(catalogue_uri, stored)
        goods = _goods(stored, tree.bottom, catalogue_uri, options)
        begins = date.fromisoformat(stored.facts["first_day"]) + timedelta(days=_WEEK_DAYS * weeks)
        write_parquet(f"{uri}/{FORECASTS_FILE}", _forecasts(stored, tree.bottom, coming, titles, begins))
        reorder, plan = _reorder(stored, tree.bottom, coming, goods, titles, options)
        write_parquet(f"{uri}/{REORDER_FILE}", reorder)
        moves = moves_between_stores(
            [stored.product_ids[row] for row in tree.bottom],
            [stored.store_ids[row] for row in tree.bottom],
            stored.stock["on_hand"][tree.bottom],
            reorder["order_up_to"].to_numpy(),
            coming[..., MEDIAN].mean(1) * goods.lead_time_days / _WEEK_DAYS,
        )
        write_parquet(f"{uri}/{MOVES_FILE}", pa.Table.from_pylist([each._asdict() for each in moves], MOVES_SCHEMA))
        write_parquet(f"{uri}/{PRICES_FILE}", _prices(stored, tree.bottom, coming, goods, titles, options))
        history = read_model_card(path)["limits"]["history_weeks"]
        write_parquet(f"{uri}/{RECENT_FILE}", _recent(stored, tree.bottom, titles, history))
        asked = served_ids(stored)
        test = np.arange(stored.facts["test_week"], weeks)
        every, origins = np.repeat(tree.bottom, len(test)), np.tile(test, len(tree.bottom))
        weekly = ask(stored.series, asked, every, origins).reshape(len(tree.bottom), len(test), horizon, -1)
        plan |= {
            "moves": len(moves),
            "first_week": begins.isoformat(),
            "covariates": stored.facts["covariates"],
            "promotions_planned": stored.facts["promotions_planned"],
            "simulation": _simulation(stored, tree.bottom, weekly, test, goods, options),
        }
        write_json(f"{uri}/{PLAN_FILE}", plan)


class DemandPlanner(BaseComponent):
    """Plans orders, moves and prices by a served model of demand.

    Args:
        examples: Of DemandExamples.
        catalogue: Likewise.
        model: The model that is to be served.
        options: How much is ordered.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `plan` (DemandPlan).
    """

    SPEC_CLASS = DemandPlanNodeSpec
    EXECUTOR_SPEC = ExecutorClassSpec(DemandPlannerExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        catalogue: BaseChannel,
        model: BaseChannel,
        options: StockOptions,
        source_digest: str,
    ) -> None:
        super().__init__(
            DemandPlanNodeSpec(
                examples=examples,
                catalogue=catalogue,
                model=model,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                plan=Channel(type=DemandPlan),
            )
        )


class _Goods(NamedTuple):
    """Numbers of each series that orders depend on, `(series,)` each."""

    price: Floats
    cost: Floats
    lead_time_days: Floats
    pack_size: Floats
    service_level: Floats


def _goods(stored: StoredSeries, rows: Ints, catalogue_uri: str, options: StockOptions) -> _Goods:
    """Returns what the stock table says; where it says nothing, the options. A price is the usual one of late."""
    price = usual_prices(stored.prices[rows])
    listed = load_catalogue(catalogue_uri, ["price"])["price"].to_numpy().astype(np.float64)
    product = stored.series.product[rows]
    price = np.where(np.isfinite(price), price, listed[product])
    price = np.where(np.isfinite(price), price, 1.0)
    stock = {name: values[rows] for name, values in stored.stock.items()}
    cost = np.where(np.isfinite(stock["unit_cost"]), stock["unit_cost"], price * options.cost_share)
    lead = np.where(np.isfinite(stock["lead_time_days"]), stock["lead_time_days"], options.lead_time_days)
    pack = np.where(stock["pack_size"] > 0, stock["pack_size"], options.pack_size)
    if options.policy == "newsvendor":
        level = newsvendor_level(price, cost, options.holding_rate, lead + options.review_days)
    else:
        level = np.full(len(rows), options.service_level)
    return _Goods(price, cost, lead, pack, level)


def _ids(stored: StoredSeries, rows: Ints, titles: dict[str, str]) -> dict[str, Any]:
    products = [stored.product_ids[row] for row in rows]
    return {
        "product_id": pa.array([_valid(each) for each in products], pa.string()),
        "store_id": pa.array([_valid(stored.store_ids[row]) or None for row in rows], pa.string()),
        "title": pa.array([titles.get(each, "") for each in products], pa.string()),
    }


def _valid(text: str) -> str:
    """Returns an id as Parquet's UTF-8 takes it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _forecasts(stored: StoredSeries, rows: Ints, coming: Floats, titles: dict[str, str], begins: date) -> pa.Table:
    horizon = coming.shape[1]
    every = np.repeat(rows, horizon)
    weeks = [begins + timedelta(days=_WEEK_DAYS * week) for week in range(horizon)] * len(rows)
    flat = coming.reshape(-1, coming.shape[2])
    columns = {
        "level": pa.array(["product"] * len(every), pa.string()),
        **_ids(stored, every, titles),
        "category": pa.array([stored.categories[row] for row in every], pa.string()),
        "week": pa.array(weeks, pa.date32()),
        **{f"q{place + 1}0": pa.array(flat[:, place].astype(np.float32)) for place in range(flat.shape[1])},
    }
    return pa.table(columns, FORECASTS_SCHEMA)


def _reorder(
    stored: StoredSeries, rows: Ints, coming: Floats, goods: _Goods, titles: dict[str, str], options: StockOptions
) -> tuple[pa.Table, dict[str, Any]]:
    """Returns the table of what to order, and what plan.json says of classes and alarms."""
    units, prices = stored.series.units[rows], stored.prices[rows]
    lately = np.nan_to_num(units[:, -_YEAR_WEEKS:])
    revenue = (lately * np.where(np.isfinite(prices), prices, goods.price[:, None])[:, -_YEAR_WEEKS:]).sum(1)
    abc, xyz = abc_classes(revenue, options.abc), xyz_classes(units[:, -_YEAR_WEEKS:], options.xyz)
    on_hand = stored.stock["on_hand"][rows]
    level = np.ceil(demand_until(coming, cover_weeks(goods.lead_time_days, options.review_days), goods.service_level))
    order = order_quantity(level, np.nan_to_num(on_hand), goods.pack_size)
    weekly = coming[..., MEDIAN].mean(1)
    until = demand_until(coming, np.maximum(goods.lead_time_days, 1.0) / _WEEK_DAYS, np.full(len(rows), 0.5))
    cover = np.divide(on_hand, weekly, out=np.full(len(rows), np.inf), where=weekly > 1e-6)
    known = np.isfinite(on_hand)
    cover = np.where(known, cover, np.nan)
    alarm = np.where(
        known & (on_hand < until),
        RUNS_OUT,
        np.where(known & (cover > options.long_weeks) & (on_hand > 0), LIES_LONG, ""),
    )
    table = pa.table(
        {
            **_ids(stored, rows, titles),
            "abc": abc,
            "xyz": xyz,
            "on_hand": pa.array(on_hand, from_pandas=True),
            "weekly_demand": weekly.astype(np.float64),
            "cover_weeks": pa.array(np.where(np.isfinite(cover), cover, np.nan), from_pandas=True),
            "order_up_to": level,
            "order_quantity": order,
            "service_level": goods.service_level,
            "lead_time_days": goods.lead_time_days,
            "pack_size": goods.pack_size,
            "unit_cost": goods.cost,
            "price": goods.price,
            "alarm": pa.array(alarm.tolist(), pa.string()),
        },
        REORDER_SCHEMA,
    )
    counted = {first: dict.fromkeys("XYZ", 0) for first in "ABC"}
    for first, second in zip(abc, xyz, strict=True):
        counted[first][second] += 1
    alarms = {name: int((alarm == name).sum()) for name in (RUNS_OUT, LIES_LONG)}
    worth = np.argsort(-revenue, kind="stable")
    shown = [row for row in worth.tolist() if alarm[row]][:_SHOWN_ALARMS]
    return table, {
        "classes": counted,
        "alarms": alarms,
        "stock_known": int(known.sum()),
        "shown_alarms": table.take(pa.array(shown, pa.int64())).to_pylist(),
        "orders": int((order > 0).sum()),
    }


def _prices(
    stored: StoredSeries, rows: Ints, coming: Floats, goods: _Goods, titles: dict[str, str], options: StockOptions
) -> pa.Table:
    names = stored.facts["covariates"]
    planned = [number for number, name in enumerate(names) if name.startswith(PLACEMENT)]
    units, prices = stored.series.units[rows], stored.prices[rows].astype(np.float64)
    covariates = stored.series.covariates[rows][:, : units.shape[1], planned].astype(np.float64)
    found = price_answers(units.astype(np.float64), prices, covariates, options.min_price_variation)
    return pa.table(
        {
            **_ids(stored, rows, titles),
            "elasticity": pa.array(found.elasticity, from_pandas=True),
            "elasticity_low": pa.array(found.low, from_pandas=True),
            "elasticity_high": pa.array(found.high, from_pandas=True),
            "usual_price": pa.array(found.usual, from_pandas=True),
            "lowest_price": pa.array(found.lowest, from_pandas=True),
            "highest_price": pa.array(found.highest, from_pandas=True),
            "variation": pa.array(found.variation, from_pandas=True),
            "unit_cost": goods.cost,
            "cost_known": np.isfinite(stored.stock["unit_cost"][rows]),
            "weekly_demand": coming[..., MEDIAN].mean(1).astype(np.float64),
        },
        PRICES_SCHEMA,
    )


def _recent(stored: StoredSeries, rows: Ints, titles: dict[str, str], history: int) -> pa.Table:
    weeks, horizon = stored.facts["weeks"], stored.facts["horizon"]
    window = stored.series.windows(rows, np.full(len(rows), weeks), history, horizon)
    flat = {
        name: values.reshape(len(rows), int(np.prod(values.shape[1:]))) for name, values in window._asdict().items()
    }
    columns = {**_ids(stored, rows, titles), **{name: list_column(values) for name, values in flat.items()}}
    return pa.table(columns, RECENT_SCHEMA)


def _simulation(
    stored: StoredSeries, rows: Ints, weekly: Floats, test: Ints, goods: _Goods, options: StockOptions
) -> dict[str, Any]:
    """Returns what ordering by the model, and by the median of 8 weeks and a safety stock, would have brought."""
    from scipy.stats import norm

    units = stored.series.units[rows]
    cover = cover_weeks(goods.lead_time_days, options.review_days)
    by_model = np.stack(
        [demand_until(weekly[:, week], cover, goods.service_level) for week in range(len(test))], axis=1
    )
    by_rule = []
    for origin in test.tolist():
        last = np.nan_to_num(units[:, max(0, origin - _MEDIAN_WEEKS) : origin])
        spread = np.nan_to_num(units[:, max(0, origin - _RECENT_WEEKS) : origin]).std(1)
        by_rule.append(cover * np.median(last, 1) + norm.ppf(goods.service_level) * spread * np.sqrt(cover))
    lead = np.ceil(goods.lead_time_days / _WEEK_DAYS)
    demand = units[:, test]
    results = {}
    for name, levels in (("model", by_model), ("median_of_8_and_safety_stock", np.stack(by_rule, axis=1))):
        found = simulate(np.ceil(levels), demand, lead, goods.pack_size, goods.price, goods.cost, options.holding_rate)
        results[name] = found._asdict()
    return {"weeks": len(test), "policy": options.policy, **results}
