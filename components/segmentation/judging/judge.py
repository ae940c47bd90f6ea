"""Asks segmentations about test users."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from components.classification.text_judge import load_baseline
from components.labels.judged_labels import (
    LABEL,
    MODEL,
    judged_schema,
    probabilities_column,
    text_value,
)
from components.labels.label_signatures import EvaluateSignature, ordered_answers
from components.labels.slices import slice_columns
from components.segmentation.judging.baselines import (
    CARRIED_FORWARD,
    GRADIENT_BOOSTING,
    carried_forward,
    gradient_boosting,
)
from components.segmentation.judging.slices import HISTORY_LENGTH, history_length
from serving.graph.history import HISTORY_INPUTS
from trainer.artifacts.example_files import example_features
from trainer.artifacts.names import ATTRIBUTE_PREFIX

Segment = Callable[[Sequence[bytes]], npt.NDArray[np.floating]]


class SegmentJudge:
    """Asks each system for the probabilities of segments.

    Args:
        models: Paths of served models by name of the system.
        baseline: Path of the fitted gradient boosting.
        labels: The label vocabulary.
        attributes: Columns of the users table that the evaluation is sliced by, beside the length of the history.
        given: Whether segments are given, so that there is no last tier to carry forward.

    Raises:
        ValueError: A model lacks the signature that it is asked by.
        OSError: There is no SavedModel.
    """

    def __init__(
        self,
        models: Mapping[str, str],
        baseline: str,
        labels: Sequence[str],
        attributes: Sequence[str],
        *,
        given: bool,
    ) -> None:
        self._systems: dict[str, Segment] = {
            name: (evaluated_segments if name == MODEL else served_segments)(path, labels)
            for name, path in models.items()
        }
        fitted = load_baseline(baseline)
        if not given:
            self._systems[CARRIED_FORWARD] = lambda records: carried_forward(records, len(labels))
        self._systems[GRADIENT_BOOSTING] = lambda records: gradient_boosting(fitted, records, len(labels))
        self._attributes = tuple(attributes)
        self._schema = judged_schema(list(self._systems), slice_columns((HISTORY_LENGTH,), self._attributes))

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a serialized test example, with `judged_schema`."""
        features = [example_features(record) for record in records]
        columns: dict[str, Any] = {
            LABEL: [each["label"].int64_list.value[0] for each in features],
            HISTORY_LENGTH: [history_length(len(each["history_ids"].bytes_list.value)) for each in features],
        }
        for name in self._attributes:
            columns[name] = [text_value(each, ATTRIBUTE_PREFIX + name) for each in features]
        for name, segment in self._systems.items():
            columns[probabilities_column(name)] = list(segment(records).astype(np.float32))
        return pa.table(columns, schema=self._schema)


def evaluated_segments(path: str, labels: Sequence[str]) -> Segment:
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


def served_segments(path: str, labels: Sequence[str]) -> Segment:
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
