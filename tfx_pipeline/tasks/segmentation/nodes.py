"""The nodes of the task segmentation, and what is taken from their artifacts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.io import fileio
from tfx.types.channel import BaseChannel

from components.model_trainer import ModelTrainer
from components.segmentation.examples.node import SegmentationExamples
from components.segmentation.examples.options import SegmentationDataOptions, SegmentationExamplesOptions
from components.segmentation.judging.evaluator import SegmentationEvaluator
from components.segmentation.profiles.node import UserProfiles
from components.segmentation.segments.node import UserSegments
from components.source_digest import source_digest
from serving.model_names import RECOMMENDATION_MODEL
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.training_parts import training_parts
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.segmentation.config import SegmentationConfig
from tfx_pipeline.tasks.segmentation.segment_files import definitions_changed
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.artifacts.json_files import read_json
from trainer.artifacts.labels import load_label_facts
from trainer.artifacts.names import CHANCES_FILE, NEW_PRODUCTS_FILE
from trainer.segmentation.options import SegmentationOptions

# Name of the node that gives every active user a segment.
SEGMENTS = "UserSegments"
# Name of the node that says what each user is like, where profiles are enabled.
PROFILES = "UserProfiles"


def training_nodes(task: Task[SegmentationConfig], parts: SharedParts, options: SegmentationConfig) -> Trained:
    """Returns SegmentationExamples ─ SegmentationTrainer."""
    products, users = parts.tables.get("products"), parts.tables.get("users")
    discovers = options.segments.labels == "discovered"
    examples = SegmentationExamples(
        events=parts.tables["events"].examples,
        products=products and products.examples,
        users=users and users.examples,
        options=_examples_options(parts.shop, options),
        user_id_key=parts.inputs.user_id_key,
        seed=parts.shop.seed if discovers else 0,
        earlier_labels=parts.inputs.earlier_output(task.node_id("Examples"), "labels") if discovers else "",
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
        earlier_model=parts.inputs.earlier_output(task.node_id("Trainer"), "model"),
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
    """Returns SegmentationEvaluator ─ SegmentationServingValidator ─ SegmentationPusher, UserSegments and UserProfiles.

    Segments come with products to offer them where the run makes a recommendation model; profiles are made where they
    are enabled.
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
    nodes = [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval), segments]
    if options.profiles.enabled:
        profiles = UserProfiles(
            events=parts.tables["events"].examples,
            products=parts.tables["products"].examples,
            options=_examples_options(parts.shop, options),
            profiles=options.profiles,
            user_id_key=parts.inputs.user_id_key,
            seed=parts.shop.seed,
            source_digest=source_digest("components.segmentation.profiles.node"),
        ).with_id(PROFILES)
        after_gates(profiles, parts, "events", "products")
        nodes.append(profiles)
    return nodes


def training_options(shop: ShopOptions, options: SegmentationConfig) -> SegmentationOptions:
    """Returns what training reads: the run's encoder with the task's own length of texts and way of training."""
    text = shop.text_for("the task segmentation needs its backbone")
    text = text.model_copy(update={"training": options.text_training, "sequence_length": options.sequence_length})
    return SegmentationOptions(
        text=text,
        head=options.head,
        training=options.training,
        history_length=options.history_length,
        update=shop.update,
        privacy=options.privacy,
        reweighting=options.reweighting,
    )


def segments_folder(results: Mapping[str, NodeResult]) -> Path:
    """Returns what UserSegments wrote in a run."""
    return Path(results[SEGMENTS].outputs["segments"].uri)


def profiles_folder(results: Mapping[str, NodeResult]) -> Path | None:
    """Returns what UserProfiles wrote in a run, None where profiles are not enabled."""
    return Path(results[PROFILES].outputs["profiles"].uri) if PROFILES in results else None


def segment_details(
    task: Task[SegmentationConfig], results: Mapping[str, NodeResult], root: Path, *, blessed: bool
) -> dict[str, Any]:
    """Returns what makes each segment, and whether spends differ from those that were published last."""
    labels = load_label_facts(results[task.node_id("Examples")].outputs["labels"].uri)
    details: dict[str, Any] = {name: labels[name] for name in ("segment_definitions", "discovery") if name in labels}
    details |= training_parts(results, task.node_id("Trainer"), "privacy", "reweighting", "importance")
    if PROFILES in results:
        chances = read_json(f"{results[PROFILES].outputs['profiles'].uri}/{CHANCES_FILE}")
        details["profiles"] = {name: value for name, value in chances.items() if name != "categories"}
        new = f"{results[PROFILES].outputs['profiles'].uri}/{NEW_PRODUCTS_FILE}"
        details["profiles"] |= read_json(new) if fileio.exists(new) else {}
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
