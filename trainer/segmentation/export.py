"""Writes a trained segmentation as the SavedModel that is served."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from serving.model_names import SEGMENTATION_MODEL
from serving.segmentation.behaviour import Behaviour
from serving.segmentation.module import SegmentationModule
from trainer.artifacts.model_versions import package_versions
from trainer.classification.classifier import Classifier
from trainer.classification.export import VERSIONED_PACKAGES, served_classifier
from trainer.exporting import write_extra_assets


def export_segmentation(
    folder: str,
    classifier: Classifier,
    behaviour: Behaviour,
    training: Mapping[str, Any],
    definitions: Mapping[str, Any],
) -> None:
    """Writes the SavedModel `segmentation` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        classifier: What classifies words and numbers.
        behaviour: What makes them of a history.
        training: What training.json says.
        definitions: What the model card says of what the segments stand for.
    """
    labels = [label.encode("utf-8", "surrogateescape") for label in classifier.labels]
    module = SegmentationModule(behaviour, served_classifier(classifier), labels)
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    card = {
        "model": SEGMENTATION_MODEL,
        "training": dict(training),
        "labels": list(classifier.labels),
        **definitions,
        "numbers": behaviour.number_names,
        "products": [product.decode("utf-8", "surrogateescape") for product in behaviour.sample()],
        "versions": package_versions(VERSIONED_PACKAGES),
        "limits": {
            "tokens": classifier.text_encoder.sequence_length,
            "labels": len(labels),
            "history_length": behaviour.history_length,
        },
    }
    asked = {"history_ids": behaviour.sample()[0], "examples": tf.train.Example().SerializeToString()}
    write_extra_assets(folder, SEGMENTATION_MODEL, signatures, asked, card)
