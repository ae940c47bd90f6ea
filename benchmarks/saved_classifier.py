"""Reads a trained classifier back, as benchmarks and tests ask it; what is served is a SavedModel of its own."""

import json
from pathlib import Path

from trainer.artifacts.keras_files import load_keras
from trainer.classification.classifier import CLASSIFIER_FILE, HEAD_FILE, Classifier
from trainer.text.backbone import load_trained_encoder


def load_classifier(uri: str) -> Classifier:
    """Reads what `save_classifier` wrote into a local folder.

    Raises:
        ValueError: There is no classifier, or Keras cannot read it.
    """
    encoder, head = load_trained_encoder(uri), load_keras(f"{uri}/{HEAD_FILE}")
    facts = json.loads((Path(uri) / CLASSIFIER_FILE).read_text(encoding="utf-8"))
    return Classifier(encoder, head, tuple(facts["labels"]), facts["temperature"])
