"""What the report shows of the model of texts: some of them, with what they were made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import Table, words_cell
from tfx_pipeline.summary.model import TaskSummary


def writing_blocks(summary: TaskSummary) -> list[Block]:
    """Returns some test texts."""
    shown: Sequence[Mapping[str, Any]] | None = summary.detail("shown")
    if not shown:
        return []
    rows = [
        [words_cell(str(each[name]).replace("_", " ")) for name in ("what", "facts", "text", "reason")]
        for each in shown
    ]
    table = Table(["kind", "facts", "text", "why it is a template"], rows)
    return [Block("Texts", table, note="A machine wrote them.")]
