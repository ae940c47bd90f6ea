"""The nodes of the task writing."""

from collections.abc import Sequence

from tfx.dsl.components.base.base_node import BaseNode

from components.model_trainer import ModelTrainer
from components.source_digest import source_digest
from components.writing.examples.node import WritingExamples
from components.writing.examples.options import WritingDataOptions, WritingExamplesOptions
from components.writing.judging.evaluator import WritingEvaluator
from components.writing.judging.gate_options import WritingEvaluatorOptions
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from tfx_pipeline.tasks.writing.config import WritingConfig
from trainer.writing.options import WritingOptions

_TABLES = ("products", "answers")


def training_nodes(task: Task[WritingConfig], parts: SharedParts, options: WritingConfig) -> Trained:
    """Returns WritingExamples and WritingTrainer."""
    given = {name: parts.tables[name].examples for name in _TABLES if name in parts.tables}
    examples = WritingExamples(
        **given, options=examples_options(options), source_digest=source_digest("components.writing.examples.node")
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, *_TABLES)
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        run_fn="trainer.writing.training.run",
        options=training_options(options),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=parts.shop.seed,
        checkpoints=parts.inputs.checkpoints,
        source_digest=source_digest("components.model_trainer", "trainer.writing.training"),
    ).with_id(task.node_id("Trainer"))
    return Trained(nodes=[examples, trainer], examples=examples, model=trainer.outputs["model"])


def judging_nodes(
    task: Task[WritingConfig], parts: SharedParts, options: WritingConfig, trained: Trained
) -> Sequence[BaseNode]:
    """Returns WritingEvaluator ─ WritingServingValidator ─ WritingPusher."""
    evaluator = WritingEvaluator(
        examples=trained.examples.outputs["examples"],
        model=trained.model,
        options=WritingEvaluatorOptions(**options.gate.model_dump(), kinds=options.all_kinds),
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.writing.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval)]


def examples_options(options: WritingConfig) -> WritingExamplesOptions:
    """Returns what WritingExamples reads."""
    return WritingExamplesOptions(
        **options.model_dump(include=set(WritingDataOptions.model_fields)),
        kinds={name: kind.fields for name, kind in options.all_kinds.items()},
    )


def training_options(options: WritingConfig) -> WritingOptions:
    """Returns what training reads."""
    return WritingOptions(
        language=options.language, kinds=options.all_kinds, checks=options.checks, training=options.training
    )
