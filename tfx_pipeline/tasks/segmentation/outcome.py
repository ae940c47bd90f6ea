"""What the terminal says of segments below the metrics."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.summary.model import TaskSummary


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Says which spends make the segments, and whether others did in the run before."""
    spends = [f"{each['segment']} {_bounds(each)}" for each in summary.detail("segment_definitions") or ()]
    lines = [f"segments by spend in a period: {', '.join(spends)}"] if spends else []
    if summary.detail("definitions_changed"):
        lines.append(
            "These differ from the last run's: segments/transitions.parquet mixes moved users with moved spends; "
            "`tasks.segmentation.segments.cuts` keeps them."
        )
    return lines


def _bounds(definition: Mapping[str, Any]) -> str:
    low, high = definition["from"], definition["to"]
    if low is not None and low == high:
        return "nobody"
    return f"over {low:,.2f}" if high is None else f"up to {high:,.2f}"
