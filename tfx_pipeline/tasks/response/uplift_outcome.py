"""What the terminal says of uplift, and of what showing by the model is worth."""

from collections.abc import Mapping
from typing import Any

from components.response.judging.uplift_summary import BY_MODEL, told_apart_line
from tfx_pipeline.summary.model import TaskSummary


def uplift_lines(summary: TaskSummary) -> list[str]:
    """Returns a line on each treatment, and one on the value of showing by the model; none without treatments."""
    uplift: Mapping[str, Any] | None = summary.detail("uplift")
    if not uplift:
        return []
    lines = [told_apart_line(name, found) for name, found in uplift["treatments"].items()]
    value = uplift["policies"][BY_MODEL]["doubly_robust"]
    others = {name: each["doubly_robust"]["mean"] for name, each in uplift["policies"].items() if name != BY_MODEL}
    best = max(others, key=lambda name: others[name])
    return [
        *lines,
        f"showing by this model: {value['mean']:.4f} outcomes an impression (95% interval {value['low']:.4f} to "
        f"{value['high']:.4f}), {in_words(best)} {others[best]:.4f}",
    ]


def in_words(policy: str) -> str:
    """Returns what a rule of showing is called."""
    if policy.startswith("everybody_"):
        return f"`{policy.removeprefix('everybody_')}` for everybody"
    return policy.replace("_", " ")
