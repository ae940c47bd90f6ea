"""What the terminal says of the model of answers below its metrics."""

from tfx_pipeline.summary.model import TaskSummary


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Returns a line on what is answered and what is handed over."""
    metrics = summary.metrics["test"]
    answered, wrong = metrics.get("answered"), metrics.get("wrong")
    if answered is None:
        return []
    most = summary.detail("max_wrong")
    of_these = "none of them" if not wrong else f"{wrong:.1%} of them"
    return [
        f"{answered:.1%} of the test questions would be answered, {of_these} wrong (at most {most:.0%} may be); the "
        "others are handed over, or are wishes for products"
    ]
