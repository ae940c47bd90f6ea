"""The signatures by which a segmentation is asked about the histories of test users."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.labels.judging import Ask
from components.labels.label_signatures import EvaluateSignature, ordered_answers
from serving.signature_names import HISTORY_INPUTS
from trainer.artifacts.example_files import example_features


def evaluated_segments(path: str, labels: Sequence[str]) -> Ask:
    """Returns a function that asks a segmentation by its signature `evaluate`, with the latest events as it takes them.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary that the model has learned.

    Raises:
        ValueError: The model has no such signature.
    """
    signature = EvaluateSignature(path, labels)
    ids, types, ages = HISTORY_INPUTS
    width = signature.width(ids)

    def segment(records: Sequence[bytes]) -> npt.NDArray[np.float32]:
        features = [example_features(record) for record in records]
        texts = {
            name: tf.constant([_latest(each[name].bytes_list.value, width, b"") for each in features], tf.string)
            for name in (ids, types)
        }
        seconds = tf.constant([_latest(each[ages].float_list.value, width, 0.0) for each in features], tf.float32)
        return signature.ask(**texts, **{ages: seconds})

    return segment


def served_segments(path: str, labels: Sequence[str]) -> Ask:
    """Returns a function that asks a served segmentation, with its answers in the order of a vocabulary.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary, which may be another than the model's; see
            `components.labels.judged_labels.in_order_of`.

    Raises:
        ValueError: The model has no signature `examples` with these outputs.
    """
    ask = ordered_answers(path, "examples", "segments", labels)
    return lambda records: ask(examples=tf.constant(list(records), tf.string, [len(records)]))


def _latest(values: Sequence[Any], width: int, padding: Any) -> list[Any]:
    latest = list(values)[-width:]
    return [*latest, *[padding] * (width - len(latest))]
