"""What the report shows of the model of answers: how much is wrong of how much is answered, and what fails."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.charts import curves_chart
from tfx_pipeline.figures.tables import Cell, Table, words_cell
from tfx_pipeline.summary.model import TaskSummary

_LONGEST = 120


def support_figures(summary: TaskSummary) -> list[Figure]:
    """Returns the risk-coverage curve."""
    curve: Sequence[Mapping[str, float]] | None = summary.detail("risk_coverage")
    if not curve:
        return []
    most = summary.detail("max_wrong")
    points = {
        "wrong": [[each["answered"], each["wrong"]] for each in curve],
        "at most": [[0.0, most], [1.0, most]],
    }
    caption = "The share of the test questions that is answered, the surest first, and the share that is wrong of it."
    return [Figure(caption, curves_chart(points, "share answered", "share wrong", straight=False))]


def support_blocks(summary: TaskSummary) -> list[Block]:
    """Returns the answers that are found worst, and what a score is made of."""
    blocks = []
    worst: Sequence[Mapping[str, Any]] | None = summary.detail("worst_answers")
    if worst:
        rows = [
            [
                words_cell(_short(each["answer"])),
                Cell(f"{each['questions']:,}"),
                Cell(f"{each['right']:,}"),
                Cell(f"{each['answered']:,}"),
            ]
            for each in worst
        ]
        table = Table(["answer", "test questions", "found first", "answered"], rows)
        blocks.append(Block("Answers that are found worst", table))
    weights: Mapping[str, float] | None = summary.detail("weights")
    if weights:
        rows = [[words_cell(name.replace("_", " ")), Cell(f"{weight:.2f}")] for name, weight in weights.items()]
        blocks.append(
            Block("What a score is made of", Table(["sign", "weight"], rows), note="Learned on the eval questions.")
        )
    return blocks


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
