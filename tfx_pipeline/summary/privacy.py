"""What a private training cost in privacy, in words."""

from tfx_pipeline.summary.model import TaskSummary


def privacy_lines(summary: TaskSummary) -> list[str]:
    """Says what was promised to whom, in a sentence; nothing where nothing was."""
    said = summary.detail("privacy")
    if said is None:
        return []
    if said["epsilon"] is None:
        return ["privacy: no noise was added, so nothing is promised; set `privacy.noise_multiplier` over 0"]
    return [f"privacy: epsilon {said['epsilon']:.2f} at a delta of {said['delta']:g}, by {said['unit']} trained on"]
