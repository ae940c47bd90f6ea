"""What the terminal says of segments below the metrics."""

from tfx_pipeline.summary.model import TaskSummary


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Says which spends make the segments, and whether others did in the run before."""
    spends = [
        f"{each['segment']} " + (f"over {each['from']:,.2f}" if each["to"] is None else f"up to {each['to']:,.2f}")
        for each in summary.detail("segment_definitions") or ()
    ]
    lines = [f"segments by spend in a period: {', '.join(spends)}"] if spends else []
    if summary.detail("definitions_changed"):
        lines.append(
            "These differ from the last run's: segments/transitions.parquet mixes moved users with moved spends; "
            "`tasks.segmentation.segments.cuts` keeps them."
        )
    return lines
