"""The task classification: labelled texts in, a classifier of texts out."""

import json

from tfx.dsl.components.base.base_node import BaseNode

from components.classification.evaluator import ClassificationEvaluator
from components.classification.examples import ClassificationExamples
from components.classification.examples_options import ClassificationExamplesOptions
from components.classification.pretrainer import ClassificationPretrainer
from components.model_trainer import ModelTrainer
from components.source_digest import source_digest
from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.tables import TableNodes
from tfx_pipeline.tasks.classification.config import ClassificationConfig
from tfx_pipeline.tasks.node_ids import ClassificationNodes
from tfx_pipeline.tasks.pushing import pushing_nodes
from trainer.classification.options import ClassifierOptions

NODES = ClassificationNodes()
# Only where a BERT learns the language of the texts before their labels.
PRETRAINER = "ClassificationPretrainer"
MODEL_NAME = "classification"
# Names on TensorBoard of the nodes that train.
TRAININGS = {MODEL_NAME: NODES.trainer}


def task_nodes(config: Config, task: ClassificationConfig, texts: TableNodes, inputs: PipelineInputs) -> list[BaseNode]:
    """Returns the task's nodes in order, from its examples to its Pusher.

    Args:
        config: The whole configuration.
        task: The task's own part of it.
        texts: The nodes of the table of labelled texts.
        inputs: The last blessed model, and where the new one goes.
    """
    slice_columns = config.features.texts.categorical
    examples = ClassificationExamples(
        texts=texts.examples,
        options=ClassificationExamplesOptions(split=task.split, slice_columns=slice_columns),
        source_digest=source_digest("components.classification.examples"),
    ).with_id(NODES.examples)
    examples.add_upstream_node(texts.gate)
    text_options, steps = training_options(config, task).text, task.masked_language_steps()
    pretrainers = []
    if steps:
        pretrainers.append(
            ClassificationPretrainer(
                examples=examples.outputs["examples"],
                text=text_options,
                options=task.pretraining,
                steps=steps,
                seed=config.seed,
                source_digest=source_digest("components.classification.pretrainer"),
            ).with_id(PRETRAINER)
        )
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        base_model=pretrainers[0].outputs["model"] if pretrainers else None,
        labels=examples.outputs["labels"],
        run_fn="trainer.classification.training.run",
        options=training_options(config, task),
        steps=inputs.steps.get(MODEL_NAME, 0),
        seed=config.seed,
        source_digest=source_digest("components.model_trainer", "trainer.classification.training"),
    ).with_id(NODES.trainer)
    evaluator = ClassificationEvaluator(
        examples=examples.outputs["examples"],
        labels=examples.outputs["labels"],
        model=trainer.outputs["model"],
        options=task.gate,
        slice_columns=json.dumps(slice_columns),
        thresholds=inputs.thresholds.get(MODEL_NAME, ""),
        last_blessed=inputs.last_blessed.get(MODEL_NAME, ""),
        source_digest=source_digest("components.classification.evaluator"),
    ).with_id(NODES.evaluator)
    pushing = pushing_nodes(
        trainer.outputs["model"],
        None,
        evaluator.outputs["blessing"],
        MODEL_NAME,
        inputs,
        checks_fn="components.checks.classification.failed_checks",
        validator_id=NODES.serving_validator,
        pusher_id=NODES.pusher,
    )
    return [examples, *pretrainers, trainer, evaluator, *pushing]


def training_options(config: Config, task: ClassificationConfig) -> ClassifierOptions:
    """Returns what training reads: the run's encoder with the task's own length of texts and way of training."""
    if config.text is None:
        raise ValueError("The task classification needs a backbone; the configuration has to see to it.")
    chosen = {"training": task.text_training, "sequence_length": task.sequence_length}
    text = config.text.model_copy(update={**chosen, "backbone": task.backbone or config.text.backbone})
    return ClassifierOptions(text=text, head=task.head, training=task.training, augmentation=task.augmentation)
