"""What the report says of demand."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.tables import UNKNOWN, Cell, Table, words_cell
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.demand.charts import fan_chart

_WAYS = {
    "model": "the model",
    "median_of_8_and_safety_stock": "median of 8 weeks and a safety stock",
}


def demand_figures(summary: TaskSummary) -> list[Figure]:
    """Returns a best seller's weeks, and what the model said of the last of them."""
    fan: Mapping[str, Any] | None = summary.detail("fan")
    if not fan:
        return []
    title = fan["title"] or fan["product_id"]
    caption = f"{title}: units a week, and what the model said beforehand of the test weeks: median, and 10% to 90%."
    return [Figure(caption, fan_chart(fan))]


def demand_blocks(summary: TaskSummary) -> list[Block]:
    """Returns the worst series, the bias of categories, and what follows for the stock."""
    blocks = []
    worst, bias = summary.detail("worst_series"), summary.detail("bias_by_category")
    if worst:
        blocks.append(Block("Series that the errors come from", worst_table(worst)))
    if bias:
        note = "Bias is the sum of the errors of the median as a share of the units; below 0 the forecasts are too low."
        blocks.append(Block("Categories", bias_table(bias), note=note))
    shares = summary.detail("coverage")
    if shares:
        rows = [[Cell(f"{each['quantile']:.1f}"), Cell(f"{each['share']:.3f}")] for each in shares]
        blocks.append(Block("Weeks up to each quantile", Table(["quantile", "share of the weeks"], rows)))
    plan: Mapping[str, Any] | None = summary.detail("plan")
    if plan:
        blocks += _stock_blocks(plan)
    return blocks


def worst_table(worst: Sequence[Mapping[str, Any]]) -> Table:
    """Returns the series with the largest errors."""
    return Table(
        ["product", "store", "units", "forecast", "share of all errors"],
        [
            [
                words_cell(each["title"] or each["product_id"]),
                words_cell(each["store_id"] or UNKNOWN),
                Cell(f"{each['units']:,.0f}"),
                Cell(f"{each['forecast']:,.0f}"),
                Cell(f"{each['share']:.1%}"),
            ]
            for each in worst
        ],
    )


def bias_table(bias: Sequence[Mapping[str, Any]]) -> Table:
    """Returns units, WAPE and bias by category."""
    return Table(
        ["category", "series", "units", "WAPE", "bias"],
        [
            [
                words_cell(each["category"]),
                Cell(f"{each['series']:,}"),
                Cell(f"{each['units']:,.0f}"),
                Cell(f"{each['wape']:.3f}"),
                Cell(f"{each['bias']:+.3f}"),
            ]
            for each in bias
        ],
    )


def _stock_blocks(plan: Mapping[str, Any]) -> list[Block]:
    simulation = plan["simulation"]
    rows = [
        [
            words_cell(shown),
            Cell(f"{simulation[name]['fill_rate']:.1%}"),
            Cell(f"{simulation[name]['stock_days']:.1f}"),
            Cell(f"{simulation[name]['holding_cost']:,.0f}"),
            Cell(f"{simulation[name]['lost_margin']:,.0f}"),
            Cell(f"{simulation[name]['cost']:,.0f}"),
        ]
        for name, shown in _WAYS.items()
    ]
    headings = ["ordered by", "fill rate", "days of stock", "keeping costs", "margin lost", "together"]
    note = (
        f"Over the {simulation['weeks']} test weeks, by the policy {simulation['policy'].replace('_', ' ')}: what is "
        "missing is lost, and nothing was in stock but the first week's level."
    )
    classes = [[Cell(first), *(Cell(f"{plan['classes'][first][second]:,}") for second in "XYZ")] for first in "ABC"]
    blocks = [
        Block("Stock, simulated", Table(headings, rows), note=note),
        Block(
            "Classes",
            Table(["by revenue", "X (even)", "Y", "Z (uneven)"], classes),
            note="A brings most of the revenue, X sells evenly from week to week.",
        ),
    ]
    if plan["shown_alarms"]:
        alarms = [
            [
                words_cell(each["title"] or each["product_id"]),
                words_cell(each["alarm"]),
                Cell(f"{each['on_hand']:,.0f}"),
                Cell(f"{each['weekly_demand']:,.1f}"),
                Cell(f"{each['order_quantity']:,.0f}"),
            ]
            for each in plan["shown_alarms"]
        ]
        counted = ", ".join(f"{count:,} {name}" for name, count in plan["alarms"].items())
        moves = f"{plan['moves']:,} moves between stores"
        lines = f"{counted}; {moves}. All of it is in demand/reorder.parquet and demand/moves.parquet."
        table = Table(["product", "alarm", "on hand", "demand a week", "to order"], alarms)
        blocks.append(Block("Alarms of the products that bring most", table, note=lines))
    return blocks
