"""The task segmentation: histories in, segments out."""

import json
from collections.abc import Mapping, Sequence

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.model_trainer import ModelTrainer
from components.segmentation.examples.node import SegmentationExamples
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.judging.evaluator import SegmentationEvaluator
from components.segmentation.segments.node import UserSegments
from components.source_digest import source_digest
from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.tables import TableNodes
from tfx_pipeline.tasks.node_ids import SegmentationNodes
from tfx_pipeline.tasks.pushing import pushing_nodes
from tfx_pipeline.tasks.segmentation.config import SegmentationConfig
from trainer.segmentation.options import SegmentationOptions

NODES = SegmentationNodes()
MODEL_NAME = "segmentation"
# Names on TensorBoard of the nodes that train.
TRAININGS = {MODEL_NAME: NODES.trainer}


def task_nodes(
    config: Config, task: SegmentationConfig, tables: Mapping[str, TableNodes], inputs: PipelineInputs
) -> list[BaseNode]:
    """Returns the task's nodes in order, from its examples to its Pusher; `segments_node` comes after them.

    Args:
        config: The whole configuration.
        task: The task's own part of it.
        tables: The table nodes that the task reads from.
        inputs: The last blessed model, and where the new one goes.
    """
    products, users = tables.get("products"), tables.get("users")
    examples = SegmentationExamples(
        events=tables["events"].examples,
        products=products and products.examples,
        users=users and users.examples,
        options=_examples_options(config, task),
        user_id_key=inputs.user_id_key,
        source_digest=source_digest("components.segmentation.examples.node"),
    ).with_id(NODES.examples)
    for name in ("events", "products", "users"):
        if name in tables:
            examples.add_upstream_node(tables[name].gate)
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        labels=examples.outputs["labels"],
        run_fn="trainer.segmentation.training.run",
        options=training_options(config, task),
        steps=inputs.steps.get(MODEL_NAME, 0),
        seed=config.seed,
        source_digest=source_digest("components.model_trainer", "trainer.segmentation.training"),
    ).with_id(NODES.trainer)
    evaluator = SegmentationEvaluator(
        examples=examples.outputs["examples"],
        labels=examples.outputs["labels"],
        model=trainer.outputs["model"],
        options=task.gate,
        attributes=json.dumps(config.features.users.categorical if users else []),
        thresholds=inputs.thresholds.get(MODEL_NAME, ""),
        last_blessed=inputs.last_blessed.get(MODEL_NAME, ""),
        source_digest=source_digest("components.segmentation.judging.evaluator"),
    ).with_id(NODES.evaluator)
    pushing = pushing_nodes(
        trainer.outputs["model"],
        None,
        evaluator.outputs["blessing"],
        MODEL_NAME,
        inputs,
        checks_fn="components.checks.segmentation.failed_checks",
        validator_id=NODES.serving_validator,
        pusher_id=NODES.pusher,
    )
    return [examples, trainer, evaluator, *pushing]


def segments_node(task_nodes: Sequence[BaseNode], recommendation: BaseChannel | None) -> BaseNode:
    """Returns the node that gives every active user a segment.

    Args:
        task_nodes: What `task_nodes` returned.
        recommendation: The served model of the task recommendation; None where it is not in the run.
    """
    examples, model = (next(node for node in task_nodes if node.id == i) for i in (NODES.examples, NODES.exporter))
    return UserSegments(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        labels=examples.outputs["labels"],
        model=model.outputs["model"],
        recommendation=recommendation,
        source_digest=source_digest("components.segmentation.segments.node"),
    ).with_id(NODES.segments)


def training_options(config: Config, task: SegmentationConfig) -> SegmentationOptions:
    """Returns what training reads: the run's encoder with the task's own length of texts and way of training."""
    if config.text is None:
        raise ValueError("The task segmentation needs a backbone; the configuration has to see to it.")
    text = config.text.model_copy(update={"training": task.text_training, "sequence_length": task.sequence_length})
    return SegmentationOptions(text=text, head=task.head, training=task.training, history_length=task.history_length)


def _examples_options(config: Config, task: SegmentationConfig) -> SegmentationExamplesOptions:
    return SegmentationExamplesOptions(
        segments=task.segments,
        event_types=task.event_types,
        bought_event_type=task.bought_event_type,
        history_length=task.history_length,
        areas=task.areas,
        max_unknown_product_fraction=config.limits.max_unknown_product_fraction,
    )
