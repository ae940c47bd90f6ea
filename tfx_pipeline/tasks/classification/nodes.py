"""The nodes of the task classification."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base.base_node import BaseNode

from components.classification.examples.node import ClassificationExamples
from components.classification.examples.options import ClassificationExamplesOptions
from components.classification.judging.evaluator import ClassificationEvaluator
from components.classification.pretrainer import ClassificationPretrainer
from components.model_trainer import ModelTrainer
from components.source_digest import source_digest
from tfx_pipeline.shop.options import IMAGE, ShopOptions
from tfx_pipeline.shop.pictures import picture_vectors
from tfx_pipeline.tasks.classification.config import ClassificationConfig
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.classification.options import NO_BACKBONE, ClassifierOptions
from trainer.options import TextOptions

# A table that may be given.
UNLABELLED = "unlabelled_texts"


def training_nodes(task: Task[ClassificationConfig], parts: SharedParts, options: ClassificationConfig) -> Trained:
    """Returns ClassificationExamples ─ ClassificationPretrainer, if anything is pretrained ─ ClassificationTrainer."""
    shop = parts.shop
    # The examples keep where a text's picture lies as they keep the columns that the evaluation is sliced by.
    kept = (*shop.features.texts.categorical, *([IMAGE] if options.pictures else []))
    examples = ClassificationExamples(
        texts=parts.tables["texts"].examples,
        unlabelled_texts=parts.tables[UNLABELLED].examples if UNLABELLED in parts.tables else None,
        options=ClassificationExamplesOptions(
            split=options.split, slice_columns=kept, most_unlabelled=options.self_training.most_texts
        ),
        source_digest=source_digest("components.classification.examples.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, "texts", UNLABELLED)
    learned, steps = training_options(shop, options), options.masked_language_steps()
    pretrainers = []
    if steps:
        pretrainers.append(
            ClassificationPretrainer(
                examples=examples.outputs["examples"],
                text=learned.text,
                options=options.pretraining,
                steps=steps,
                seed=shop.seed,
                checkpoints=parts.inputs.checkpoints,
                source_digest=source_digest("components.classification.pretrainer"),
            ).with_id(task.node_id("Pretrainer"))
        )
    pictures = picture_vectors(shop, parts.inputs, "texts", parts.tables["texts"]) if options.pictures else None
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        base_model=pretrainers[0].outputs["model"] if pretrainers else None,
        labels=examples.outputs["labels"],
        picture_vectors=pictures and pictures.outputs["vectors"],
        run_fn="trainer.classification.building.run",
        options=learned,
        steps=parts.inputs.steps.get(task.name, 0),
        seed=shop.seed,
        checkpoints=parts.inputs.checkpoints,
        earlier_model=parts.inputs.earlier_output(task.node_id("Trainer"), "model"),
        source_digest=source_digest("components.model_trainer", "trainer.classification.building"),
    ).with_id(task.node_id("Trainer"))
    made = [node for node in (examples, *pretrainers, pictures, trainer) if node is not None]
    return Trained(nodes=made, examples=examples, model=trainer.outputs["model"])


def judging_nodes(
    task: Task[ClassificationConfig], parts: SharedParts, options: ClassificationConfig, trained: Trained
) -> Sequence[BaseNode]:
    """Returns ClassificationEvaluator ─ ClassificationServingValidator ─ ClassificationPusher."""
    evaluator = ClassificationEvaluator(
        examples=trained.examples.outputs["examples"],
        labels=trained.examples.outputs["labels"],
        model=trained.model,
        options=options.gate,
        slice_columns=json.dumps(parts.shop.features.texts.categorical),
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.classification.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval)]


def training_options(shop: ShopOptions, options: ClassificationConfig) -> ClassifierOptions:
    """Returns what training reads: the run's encoder with the task's own length of texts and way of training."""
    without = options.backbone == NO_BACKBONE
    text = TextOptions() if without else shop.text_for("the task classification needs its backbone")
    chosen = {"training": options.text_training, "sequence_length": options.sequence_length}
    text = text.model_copy(update={**chosen, "backbone": options.backbone or text.backbone})
    return ClassifierOptions(
        text=text,
        head=options.head,
        training=options.training,
        augmentation=options.augmentation,
        update=shop.update,
        pictures=shop.pictures if options.pictures else None,
        layers=options.layers_read(),
        wide=options.wide,
        descriptions=options.descriptions,
        self_training=options.self_training,
        few_shot=options.few_shot,
        contrastive=options.contrastive,
        robustness=options.robustness,
        privacy=options.privacy,
        reweighting=options.reweighting,
    )
