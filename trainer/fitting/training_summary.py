"""training.json: what a training says of itself, beside the model that it made."""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from trainer.fitting.fit import BestEpoch
from trainer.fitting.strategy import Hardware
from trainer.fitting.training_request import TrainingRequest

SUMMARY_FILE = "training.json"

TrainingFunction = Callable[[TrainingRequest], Mapping[str, Any]]


def run_training(function: TrainingFunction, request: TrainingRequest) -> None:
    """Trains a model, and writes what the training says of itself, which is anything that JSON can hold.

    Args:
        function: Trains on what a request names, and writes the model; returns what training.json says.
        request: The request.
    """
    write_training_summary(function(request), request.model_uri)


def training_summary(best: BestEpoch, hardware: Hardware, started: float, **details: Any) -> dict[str, Any]:
    """Returns what training.json says of a training epoch by epoch.

    Args:
        best: The epoch whose weights are kept.
        hardware: What it was trained on.
        started: When it began, by `time.monotonic`.
        details: What else there is to say, by name.
    """
    seconds = round(time.monotonic() - started, 1)
    return {**best.summary, **details, "hardware": hardware._asdict(), "seconds": seconds}


def write_training_summary(summary: Mapping[str, Any], model_uri: str) -> None:
    """Writes what JSON can hold under `model_uri`, on any filesystem that TensorFlow writes."""
    with tf.io.gfile.GFile(os.path.join(model_uri, SUMMARY_FILE), "w") as stream:
        stream.write(json.dumps(summary, indent=2))


def read_training_summary(model_uri: str) -> dict[str, Any]:
    """Reads what `write_training_summary` wrote."""
    with tf.io.gfile.GFile(os.path.join(model_uri, SUMMARY_FILE), "r") as stream:
        summary: dict[str, Any] = json.loads(stream.read())
    return summary
