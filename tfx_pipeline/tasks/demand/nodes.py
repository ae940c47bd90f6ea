"""The nodes of the task demand, and what is taken from their artifacts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_node import BaseNode

from components.demand.judging.evaluator import DemandEvaluator
from components.demand.planning.node import DemandPlanner
from components.demand.planning.tables import PLAN_FILE
from components.demand.series.node import DemandExamples
from components.demand.series.options import DemandDataOptions, DemandSeriesOptions
from components.model_trainer import ModelTrainer
from components.source_digest import source_digest
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.training_parts import training_parts
from tfx_pipeline.tasks.demand.config import DemandConfig
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.artifacts.json_files import read_json
from trainer.demand.options import DemandOptions

# Name of the node that says what to order.
PLANNER = "DemandPlanner"


def training_nodes(task: Task[DemandConfig], parts: SharedParts, options: DemandConfig) -> Trained:
    """Returns DemandExamples ─ DemandTrainer."""
    tables = {name: parts.tables[name].examples for name in ("products", "promotions", "stock") if name in parts.tables}
    examples = DemandExamples(
        events=parts.tables["events"].examples,
        **tables,
        options=_series_options(parts.shop, options),
        user_id_key=parts.inputs.user_id_key,
        source_digest=source_digest("components.demand.series.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, "events", "products", "promotions", "stock")
    vectors = parts.products.text_vectors
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        text_vectors=vectors and vectors.outputs["vectors"],
        run_fn="trainer.demand.run.run",
        options=training_options(options),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=parts.shop.seed,
        source_digest=source_digest("components.model_trainer", "trainer.demand.run"),
    ).with_id(task.node_id("Trainer"))
    return Trained(nodes=[examples, trainer], examples=examples, model=trainer.outputs["model"])


def judging_nodes(
    task: Task[DemandConfig], parts: SharedParts, options: DemandConfig, trained: Trained
) -> Sequence[BaseNode]:
    """Returns DemandEvaluator ─ DemandServingValidator ─ DemandPusher, and DemandPlanner."""
    examples = trained.examples.outputs
    evaluator = DemandEvaluator(
        examples=examples["examples"],
        catalogue=examples["catalogue"],
        model=trained.model,
        options=options.gate,
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.demand.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    planner = DemandPlanner(
        examples=examples["examples"],
        catalogue=examples["catalogue"],
        model=trained.model,
        options=options.stock,
        source_digest=source_digest("components.demand.planning.node"),
    ).with_id(PLANNER)
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval), planner]


def training_options(options: DemandConfig) -> DemandOptions:
    """Returns what training reads."""
    return DemandOptions(
        horizon=options.horizon,
        history_weeks=options.history_weeks,
        network=options.network,
        training=options.training,
    )


def plan_folder(results: Mapping[str, NodeResult]) -> Path:
    """Returns what DemandPlanner wrote in a run."""
    return Path(results[PLANNER].outputs["plan"].uri)


def plan_details(task: Task[DemandConfig], results: Mapping[str, NodeResult]) -> dict[str, Any]:
    """Returns what DemandPlanner says of stock, and what matters to the model."""
    plan = {"plan": read_json(str(plan_folder(results) / PLAN_FILE))}
    return plan | training_parts(results, task.node_id("Trainer"), "importance")


def _series_options(shop: ShopOptions, options: DemandConfig) -> DemandSeriesOptions:
    return DemandSeriesOptions(
        **options.model_dump(include=set(DemandDataOptions.model_fields)),
        time_zone=shop.time_zone,
        max_unknown_product_fraction=shop.limits.max_unknown_product_fraction,
        text_fields=shop.text.fields if shop.text is not None else (),
    )
