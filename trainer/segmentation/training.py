"""Trains the model that gives users segments: a text classifier with numbers, over described histories."""

import os
from typing import Any

from trainer.artifacts.labels import load_label_facts, load_labels
from trainer.artifacts.names import ATTRIBUTE_PREFIX
from trainer.classification.classifier import save_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.fair.reweighting import below, train_reweighted
from trainer.classification.training import TrainedClassifier, train_classifier
from trainer.exporting import SERVING_FOLDER
from trainer.fitting.training_request import TrainingRequest
from trainer.segmentation.examples import Replay, load_behaviours, load_definitions
from trainer.segmentation.export import export_segmentation
from trainer.segmentation.importance import MOST_HISTORIES, segmentation_importance
from trainer.segmentation.options import SegmentationOptions
from trainer.segmentation.products import load_behaviour


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts; the ModelTrainer component calls it.

    Writes the classifier, and the SavedModel that is served under `Format-Serving/`.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    if request.labels_uri is None or not request.catalogue_uri:
        raise ValueError("`labels_uri` and `catalogue_uri` should name artifacts; segmentation needs both.")
    options = SegmentationOptions.model_validate_json(request.options_json)
    behaviour = load_behaviour(request.catalogue_uri, options.history_length)
    group = None if options.reweighting is None else ATTRIBUTE_PREFIX + options.reweighting.column

    def load(split: str, replay: Replay | None = None) -> LabelledTexts:
        return load_behaviours(request.examples_uri, split, behaviour, group, replay=replay)

    replay = None if request.earlier is None else Replay(options.update.replay, request.seed)
    validated, labels = load("eval"), load_labels(request.labels_uri)

    def train(learned: LabelledTexts, name: str) -> TrainedClassifier:
        return train_classifier(
            labels,
            learned,
            validated,
            options,
            seed=request.seed,
            most_steps=request.steps,
            log_uri=below(request.log_uri, name),
            earlier_uri=None if request.earlier is None else request.earlier.model_uri,
            checkpoint_uri=below(request.checkpoint_uri, name),
        )

    trained, of_weights = train_reweighted(
        options.reweighting, load("train", replay), lambda: load("test"), train, lambda each: each.classifier
    )
    summary = {**trained.summary, **of_weights}
    # An update says nothing new of what matters.
    if request.earlier is None and load_label_facts(request.labels_uri)["examples"]["test"]:
        asked = load_behaviours(request.examples_uri, "test", behaviour, most=MOST_HISTORIES)
        summary["importance"] = segmentation_importance(
            trained.classifier, asked, behaviour.number_parts, options.text.batch_size, request.seed
        )
    save_classifier(trained.classifier, request.model_uri)
    export_segmentation(
        os.path.join(request.model_uri, SERVING_FOLDER),
        trained.classifier,
        behaviour,
        summary,
        load_definitions(request.labels_uri),
    )
    return summary
