"""The nodes of the task segmentation, and what is taken from their artifacts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.model_trainer import ModelTrainer
from components.segmentation.examples.node import SegmentationExamples
from components.segmentation.examples.options import SegmentationDataOptions, SegmentationExamplesOptions
from components.segmentation.judging.evaluator import SegmentationEvaluator
from components.segmentation.segments.node import UserSegments
from components.source_digest import source_digest
from serving.model_names import RECOMMENDATION_MODEL
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.segmentation.config import SegmentationConfig
from tfx_pipeline.tasks.segmentation.segment_files import definitions_changed
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.artifacts.labels import load_label_facts
from trainer.segmentation.options import SegmentationOptions

# Name of the node that gives every active user a segment.
SEGMENTS = "UserSegments"


def training_nodes(task: Task[SegmentationConfig], parts: SharedParts, options: SegmentationConfig) -> Trained:
    """Returns SegmentationExamples ─ SegmentationTrainer."""
    products, users = parts.tables.get("products"), parts.tables.get("users")
    examples = SegmentationExamples(
        events=parts.tables["events"].examples,
        products=products and products.examples,
        users=users and users.examples,
        options=_examples_options(parts.shop, options),
        user_id_key=parts.inputs.user_id_key,
        source_digest=source_digest("components.segmentation.examples.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, "events", "products", "users")
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        labels=examples.outputs["labels"],
        run_fn="trainer.segmentation.training.run",
        options=training_options(parts.shop, options),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=parts.shop.seed,
        checkpoints=parts.inputs.checkpoints,
        source_digest=source_digest("components.model_trainer", "trainer.segmentation.training"),
    ).with_id(task.node_id("Trainer"))
    return Trained(nodes=[examples, trainer], examples=examples, model=trainer.outputs["model"])


def judging_nodes(
    task: Task[SegmentationConfig],
    parts: SharedParts,
    options: SegmentationConfig,
    trained: Trained,
    models: Mapping[str, BaseChannel],
) -> Sequence[BaseNode]:
    """Returns SegmentationEvaluator ─ SegmentationServingValidator ─ SegmentationPusher, and UserSegments.

    Segments come with products to offer them where the run makes a recommendation model.
    """
    examples = trained.examples.outputs
    evaluator = SegmentationEvaluator(
        examples=examples["examples"],
        labels=examples["labels"],
        model=trained.model,
        options=options.gate,
        slice_columns=json.dumps(parts.shop.features.users.categorical if "users" in parts.tables else []),
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.segmentation.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    segments = UserSegments(
        examples=examples["examples"],
        catalogue=examples["catalogue"],
        labels=examples["labels"],
        model=trained.model,
        recommendation=models.get(RECOMMENDATION_MODEL),
        source_digest=source_digest("components.segmentation.segments.node"),
    ).with_id(SEGMENTS)
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator), segments]


def training_options(shop: ShopOptions, options: SegmentationConfig) -> SegmentationOptions:
    """Returns what training reads: the run's encoder with the task's own length of texts and way of training."""
    text = shop.text_for("the task segmentation needs its backbone")
    text = text.model_copy(update={"training": options.text_training, "sequence_length": options.sequence_length})
    return SegmentationOptions(
        text=text, head=options.head, training=options.training, history_length=options.history_length
    )


def segments_folder(results: Mapping[str, NodeResult]) -> Path:
    """Returns what UserSegments wrote in a run."""
    return Path(results[SEGMENTS].outputs["segments"].uri)


def segment_details(
    task: Task[SegmentationConfig], results: Mapping[str, NodeResult], root: Path, *, blessed: bool
) -> dict[str, Any]:
    """Returns the spends that make each segment, and whether they differ from those that were published last."""
    labels = load_label_facts(results[task.node_id("Examples")].outputs["labels"].uri)
    details = {"segment_definitions": labels["segment_definitions"]} if "segment_definitions" in labels else {}
    if blessed:
        folder, definitions = segments_folder(results), details.get("segment_definitions")
        details["definitions_changed"] = definitions_changed(root, folder, definitions)
    return details


def _examples_options(shop: ShopOptions, options: SegmentationConfig) -> SegmentationExamplesOptions:
    return SegmentationExamplesOptions(
        **options.model_dump(include=set(SegmentationDataOptions.model_fields) - {"segments"}),
        segments=options.segments.in_zone(shop.time_zone),
        max_unknown_product_fraction=shop.limits.max_unknown_product_fraction,
    )
