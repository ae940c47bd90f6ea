"""The nodes of the task support."""

from collections.abc import Sequence

from tfx.dsl.components.base.base_node import BaseNode

from components.model_trainer import ModelTrainer
from components.products.text_vectors import ProductTextVectors
from components.source_digest import source_digest
from components.support.examples.node import SupportExamples
from components.support.examples.options import SupportDataOptions, SupportExamplesOptions
from components.support.judging.evaluator import SupportEvaluator
from components.support.judging.gate_options import SupportEvaluatorOptions
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.support.config import SupportConfig
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.options import TextOptions
from trainer.support.options import SupportOptions

# Name of the node that encodes what products say of themselves.
PRODUCT_VECTORS = "SupportTextVectors"
_TABLES = ("answers", "dialogues", "products")


def training_nodes(task: Task[SupportConfig], parts: SharedParts, options: SupportConfig) -> Trained:
    """Returns SupportExamples, SupportTextVectors where products say something of themselves, and SupportTrainer."""
    given = {name: parts.tables[name].examples for name in _TABLES if name in parts.tables}
    examples = SupportExamples(
        **given, options=examples_options(options), source_digest=source_digest("components.support.examples.node")
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, *_TABLES)
    text = _text(parts.shop, options)
    vectors = []
    if "products" in given and options.product_texts and options.text_training == "frozen":
        encoded = ProductTextVectors(
            products=given["products"],
            options=text.model_copy(update={"fields": options.product_texts}),
            source_digest=source_digest("components.products.text_vectors"),
        ).with_id(PRODUCT_VECTORS)
        after_gates(encoded, parts, "products")
        vectors.append(encoded)
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        text_vectors=vectors[0].outputs["vectors"] if vectors else None,
        run_fn="trainer.support.training.run",
        options=training_options(parts.shop, options),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=parts.shop.seed,
        checkpoints=parts.inputs.checkpoints,
        source_digest=source_digest("components.model_trainer", "trainer.support.training"),
    ).with_id(task.node_id("Trainer"))
    return Trained(nodes=[examples, *vectors, trainer], examples=examples, model=trainer.outputs["model"])


def judging_nodes(
    task: Task[SupportConfig], parts: SharedParts, options: SupportConfig, trained: Trained
) -> Sequence[BaseNode]:
    """Returns SupportEvaluator ─ SupportServingValidator ─ SupportPusher."""
    evaluator = SupportEvaluator(
        examples=trained.examples.outputs["examples"],
        catalogue=trained.examples.outputs["catalogue"],
        model=trained.model,
        options=SupportEvaluatorOptions(
            **options.gate.model_dump(), text=_text(parts.shop, options), max_wrong=options.answering.max_wrong
        ),
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.support.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval)]


def examples_options(options: SupportConfig) -> SupportExamplesOptions:
    """Returns what SupportExamples reads."""
    return SupportExamplesOptions(
        **options.model_dump(include=set(SupportDataOptions.model_fields)), wish_titles=options.answering.wish_titles
    )


def training_options(shop: ShopOptions, options: SupportConfig) -> SupportOptions:
    """Returns what training reads: the run's encoder with the task's own length of texts and way of training."""
    return SupportOptions(
        text=_text(shop, options), training=options.training, lexical=options.lexical, answering=options.answering
    )


def _text(shop: ShopOptions, options: SupportConfig) -> TextOptions:
    text = shop.text_for("the task support needs its backbone")
    chosen = {"training": options.text_training, "sequence_length": options.sequence_length}
    return text.model_copy(update=chosen)
