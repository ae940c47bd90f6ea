"""Parts of what trainers say of their models, as summary.json has them."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.local_runner import NodeResult
from trainer.fitting.training_summary import read_training_summary


def training_parts(results: Mapping[str, NodeResult], trainer: str, *names: str) -> dict[str, Any]:
    """Returns the named parts of a trainer's training.json, those that it has.

    Args:
        results: The result of each node of the run.
        trainer: The node that trained the model; without it there is nothing.
        names: Such as `pictures`, what pictures add, and `privacy`, what a private training cost.
    """
    if trainer not in results:
        return {}
    summary = read_training_summary(results[trainer].outputs["model"].uri)
    return {name: summary[name] for name in names if name in summary}
