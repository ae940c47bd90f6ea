"""The end of every task: the model is served on trial, and pushed if nothing speaks against it."""

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.dotted_names import module_of
from components.pushing.atomic_pusher import AtomicPusher
from components.pushing.serving_validator import ServingValidator
from components.source_digest import source_digest
from tfx_pipeline.shop.inputs import PipelineInputs


def pushing_nodes(
    model: BaseChannel,
    catalogue: BaseChannel | None,
    blessing: BaseChannel,
    model_name: str,
    inputs: PipelineInputs,
    *,
    checks_fn: str,
    validator_id: str,
    pusher_id: str,
) -> list[BaseNode]:
    """Returns ServingValidator and Pusher of a model.

    Args:
        model: What is to be served.
        catalogue: Its products; None for a model without any.
        blessing: The evaluator's.
        model_name: Name that it is served under.
        inputs: Where it is pushed to.
        checks_fn: Dotted name of the function that asks the served model and says what is wrong with its answers.
        validator_id: Name of the first node.
        pusher_id: Name of the second node.
    """
    validator = ServingValidator(
        model=model,
        catalogue=catalogue,
        model_name=model_name,
        checks_fn=checks_fn,
        source_digest=source_digest("components.pushing.serving_validator", module_of(checks_fn)),
    ).with_id(validator_id)
    pusher = AtomicPusher(
        model=model,
        model_blessing=blessing,
        infra_blessing=validator.outputs["blessing"],
        serving_root=inputs.serving_root,
        model_name=model_name,
        source_digest=source_digest("components.pushing.atomic_pusher"),
    ).with_id(pusher_id)
    return [validator, pusher]
