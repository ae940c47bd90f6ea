"""What the terminal says of the response model below its metrics."""

from tfx_pipeline.summary.model import TaskSummary


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Returns a line on the outcome, and one on how the model stands beside its best baseline."""
    lines = [f"outcome {summary.detail('outcome')}; a normalised entropy of 1 is no better than the base rate"]
    differences = {name: each.get("explained_entropy") for name, each in (summary.detail("differences") or {}).items()}
    known = {name: each for name, each in differences.items() if each and each.get("low") is not None}
    if known:
        name = min(known, key=lambda each: known[each]["mean"])
        best = known[name]
        lines.append(
            f"explained_entropy against {name}: {best['mean']:+.4f} "
            f"(95% interval {best['low']:+.4f} to {best['high']:+.4f})"
        )
    return lines
