"""Asks classifiers about test texts."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems

from components.classification.baseline import TFIDF, tfidf_probabilities
from components.labels.judged_labels import (
    LABEL,
    MODEL,
    judged_schema,
    probabilities_column,
    text_value,
)
from components.labels.label_signatures import EvaluateSignature, ordered_answers
from components.labels.slices import TEXT_SLICES, slice_columns
from trainer.artifacts.example_files import example_features

Classify = Callable[[Sequence[str]], npt.NDArray[np.floating]]


class TextJudge:
    """Asks each system for the probabilities of labels.

    Args:
        models: Paths of served models by name of the system.
        baseline: Path of the fitted baseline.
        labels: The label vocabulary.
        own_slices: The shop's columns that the evaluation is sliced by, beside what the text itself tells.

    Raises:
        ValueError: A model lacks the signature that it is asked by.
        OSError: There is no SavedModel.
    """

    def __init__(
        self, models: Mapping[str, str], baseline: str, labels: Sequence[str], own_slices: Sequence[str]
    ) -> None:
        self._systems: dict[str, Classify] = {
            name: (evaluated_classifier if name == MODEL else served_classifier)(path, labels)
            for name, path in models.items()
        }
        fitted = load_baseline(baseline)
        self._systems[TFIDF] = lambda texts: tfidf_probabilities(fitted, texts, len(labels))
        self._own_slices = tuple(own_slices)
        self._schema = judged_schema(list(self._systems), slice_columns(TEXT_SLICES, self._own_slices))

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a serialized test example, with `judged_schema`."""
        features = [example_features(record) for record in records]
        texts = [each["text"].bytes_list.value[0].decode() for each in features]
        columns: dict[str, Any] = {
            LABEL: [each["label"].int64_list.value[0] for each in features],
            **{name: [tell(text) for text in texts] for name, tell in TEXT_SLICES.items()},
        }
        for name in self._own_slices:
            columns[name] = [text_value(each, name) for each in features]
        for name, classify in self._systems.items():
            columns[probabilities_column(name)] = list(classify(texts).astype(np.float32))
        return pa.table(columns, schema=self._schema)


def evaluated_classifier(path: str, labels: Sequence[str]) -> Classify:
    """Returns a function that asks a classifier by its signature `evaluate`.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary that the model has learned.

    Raises:
        ValueError: The model has no such signature.
    """
    signature = EvaluateSignature(path, labels)
    return lambda texts: signature.ask(text=tf.constant(list(texts), tf.string, [len(texts)]))


def served_classifier(path: str, labels: Sequence[str]) -> Classify:
    """Returns a function that asks a served classifier, with its answers in the order of a vocabulary.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary, which may be another than the model's; see
            `components.labels.judged_labels.in_order_of`.

    Raises:
        ValueError: The model has no signature `serving_default` with these outputs.
    """
    ask = ordered_answers(path, "serving_default", "labels", labels)
    return lambda texts: ask(text=tf.constant(list(texts), tf.string, [len(texts)]))


def save_baseline(baseline: Any, path: str) -> None:
    """Writes a fitted baseline for `load_baseline`."""
    with FileSystems.create(path) as file:
        pickle.dump(baseline, file)


def load_baseline(path: str) -> Any:
    """Reads what `save_baseline` wrote."""
    with FileSystems.open(path) as file:
        return pickle.load(file)
