"""training.json: what a training says of itself, beside the model that it made."""

import json
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

SUMMARY_FILE = "training.json"


def write_training_summary(summary: Mapping[str, Any], model_uri: str) -> None:
    """Writes what JSON can hold under `model_uri`, on any filesystem that TensorFlow writes."""
    with tf.io.gfile.GFile(os.path.join(model_uri, SUMMARY_FILE), "w") as stream:
        stream.write(json.dumps(summary, indent=2))


def read_training_summary(model_uri: str) -> dict[str, Any]:
    """Reads what `write_training_summary` wrote."""
    with tf.io.gfile.GFile(os.path.join(model_uri, SUMMARY_FILE), "r") as stream:
        summary: dict[str, Any] = json.loads(stream.read())
    return summary
