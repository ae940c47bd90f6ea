"""What the report shows of the response model: how far it can be believed, and each offer."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.charts import calibration_chart
from tfx_pipeline.figures.tables import Cell, Table, words_cell
from tfx_pipeline.summary.model import TaskSummary


def response_figures(summary: TaskSummary) -> list[Figure]:
    """Returns the reliability diagram."""
    bins: Sequence[Mapping[str, float]] | None = summary.detail("calibration")
    if not bins:
        return []
    drawn = [
        {"probability": each["probability"], "accuracy": each["rate"], "rows": each["impressions"]} for each in bins
    ]
    most = 1.05 * max(max(each["probability"], each["accuracy"]) for each in drawn)
    chart = calibration_chart(drawn, summary.detail("outcome"), "share that did", min(1.0, most))
    return [Figure("Tenths of the impressions by their probability, and the share that responded.", chart)]


def response_blocks(summary: TaskSummary) -> list[Block]:
    """Returns a table of the offers that were shown most in the test."""
    offers: Sequence[Mapping[str, Any]] | None = summary.detail("offers")
    if not offers:
        return []
    outcome = summary.detail("outcome")
    rows = [
        [
            words_cell(each["item"]),
            words_cell(each.get("text", "")),
            Cell(f"{each['impressions']:,}"),
            Cell(f"{each['rate']:.4f}"),
            Cell(f"{each['probability']:.4f}"),
        ]
        for each in offers
    ]
    table = Table(["offer id", "offer", "impressions", f"{outcome}, rate", "mean probability"], rows)
    return [Block("Offers in the test", table, note="Those that were shown most.")]
