"""What the terminal says of the model of texts below its metrics."""

from tfx_pipeline.summary.model import TaskSummary


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Returns a line on whose texts are given out."""
    checked = summary.metrics["test"].get("checked")
    if checked is None:
        return []
    reasons = summary.detail("reasons") or {}
    why = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in reasons.items())
    learned = "learned from the shop's texts" if summary.detail("tuned") else "as it is"
    return [
        f"{checked:.1%} of the test texts are those of the language model, {learned}; the others are templates"
        + (f": {why}" if why else "")
    ]
