"""What the terminal says of segments below the metrics."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.summary.model import TaskSummary


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Says what makes the segments, and whether other spends did in the run before."""
    spends = [f"{each['segment']} {_bounds(each)}" for each in summary.detail("segment_definitions") or ()]
    lines = [f"segments by spend in a period: {', '.join(spends)}"] if spends else []
    discovery = summary.detail("discovery")
    if discovery:
        lines.append(
            f"segments discovered among {discovery['users']:,} users; halves of them agree by "
            f"{discovery['stability']:.2f} (adjusted Rand index); {discovery['kept_names']} keep the name that they had"
        )
    profiles = summary.detail("profiles")
    if profiles and "brier" in profiles:
        lines.append(
            f"chance to buy in a category within {profiles['chance_days']:g} days: calibration error "
            f"{profiles['calibration_error']:.3f}, Brier score {profiles['brier']:.4f} (by the share of the last two "
            f"such times {profiles['share_brier']:.4f})"
        )
    if profiles and "cold_product_users" in profiles:
        lines.append(
            f"new products: recall at 10 of their first buyers {profiles['cold_product_recall_at_10']:.4f} (by what "
            f"the user bought in the category {profiles['cold_product_category_recall_at_10']:.4f})"
        )
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
