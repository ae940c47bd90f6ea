"""What the nodes of every task have in common: the gates before them, and the push at their end."""

from typing import Any

from tfx.dsl.components.base.base_node import BaseNode

from components.dotted_names import module_of
from components.gate.rules import Approval
from components.pushing.atomic_pusher import AtomicPusher
from components.pushing.serving_validator import ServingValidator
from components.source_digest import source_digest
from tfx_pipeline.tasks.task import SharedParts, Task, Trained


def after_gates(node: BaseNode, parts: SharedParts, *tables: str) -> None:
    """Lets a node wait for the gates of those of some tables that the run has."""
    for name in tables:
        if name in parts.tables:
            node.add_upstream_node(parts.tables[name].gate)


def pushing_nodes(
    task: Task[Any], parts: SharedParts, trained: Trained, evaluator: BaseNode, approval: Approval = "automatic"
) -> list[BaseNode]:
    """Returns ServingValidator ─ Pusher: the model is served on trial, and pushed if nothing speaks against it.

    Args:
        task: Names the model and the nodes, and says what is asked of the model.
        parts: Say where the model is pushed to.
        trained: The model, and the catalogue of its products if it has any.
        evaluator: Puts out the gate's `blessing`.
        approval: Whether a blessed model is served at once, or waits for a person: the task's `gate.approval`, where it
            has that option.
    """
    validator = ServingValidator(
        model=trained.model,
        catalogue=trained.examples.outputs.get("catalogue"),
        model_name=task.name,
        checks_fn=task.checks_fn,
        source_digest=source_digest("components.pushing.serving_validator", module_of(task.checks_fn)),
    ).with_id(task.node_id("ServingValidator"))
    pusher = AtomicPusher(
        model=trained.model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        serving_root=parts.inputs.serving_root,
        model_name=task.name,
        approval=approval,
        source_digest=source_digest("components.pushing.atomic_pusher"),
    ).with_id(task.node_id("Pusher"))
    return [validator, pusher]
