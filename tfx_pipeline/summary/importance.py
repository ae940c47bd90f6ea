"""What matters to a model, in a line."""

from tfx_pipeline.summary.model import TaskSummary

_SHOWN = 3


def importance_lines(summary: TaskSummary) -> list[str]:
    """Says what matters most to the model; nothing where that was not measured."""
    found = summary.importance
    if found is None:
        return []
    most = [f"{part.name} ({part.mean:.4f} ± {part.deviation:.4f})" for part in found.parts[:_SHOWN]]
    return [f"what matters most, by what {found.metric} loses where it is shuffled: {', '.join(most)}"]
