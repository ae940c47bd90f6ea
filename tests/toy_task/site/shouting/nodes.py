"""The nodes of the task: texts are split and judged as those of classification are."""

from components.classification.examples.node import ClassificationExamples
from components.classification.examples.options import ClassificationExamplesOptions
from components.classification.judging.evaluator import ClassificationEvaluator
from components.model_trainer import ModelTrainer
from components.source_digest import source_digest
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.task import Trained


def training_nodes(task, parts, options):
    examples = ClassificationExamples(
        texts=parts.tables["texts"].examples,
        options=ClassificationExamplesOptions(),
        source_digest=source_digest("components.classification.examples.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, "texts")
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        labels=examples.outputs["labels"],
        run_fn="shouting.training.run",
        options=options,
        steps=parts.inputs.steps.get(task.name, 0),
        seed=parts.shop.seed,
        source_digest=source_digest("components.model_trainer", "shouting.training"),
    ).with_id(task.node_id("Trainer"))
    return Trained(nodes=[examples, trainer], examples=examples, model=trainer.outputs["model"])


def judging_nodes(task, parts, options, trained):
    evaluator = ClassificationEvaluator(
        examples=trained.examples.outputs["examples"],
        labels=trained.examples.outputs["labels"],
        model=trained.model,
        options=options.gate,
        slice_columns="[]",
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.classification.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval)]
