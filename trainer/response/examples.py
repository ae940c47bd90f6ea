"""Impressions of an examples artifact as a `FeatureTable`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.example_files import split_files
from trainer.response.feature_table import FeatureNames, FeatureTable

_AT_ONCE = 4096
# A value that fewer impressions have is as good as unknown.
_LEAST_ROWS = 5
# Positions after this one share a bias.
_MOST_POSITIONS = 50


class Impressions:
    """What an artifact says of a split: features as they stand there, with categories as bytes.

    Attributes:
        numbers: float32 `(rows, numbers)`.
        categories: bytes `(rows, categories)`.
        vectors: float32 `(rows, width)`.
        item: bytes `(rows,)`.
        position: float32 `(rows,)`, 0 where unknown.
        outcomes: float32 `(rows, outcomes)`.
        weight: float32 `(rows,)`.
        users: bytes `(rows,)`, empty where unknown.
        treatment: bytes `(rows,)`, empty where unknown.
        propensity: float32 `(rows,)`, NaN where unknown.
    """

    def __init__(self, parts: Mapping[str, npt.NDArray[Any]]) -> None:
        self.numbers, self.categories, self.vectors = parts["numbers"], parts["categories"], parts["vectors"]
        self.item, self.position, self.outcomes = parts["item"], parts["position"], parts["outcomes"]
        self.weight, self.users = parts["weight"], parts["user_id"]
        self.treatment, self.propensity = parts["treatment"], parts["propensity"]

    def __len__(self) -> int:
        return len(self.weight)

    def table(self, names: FeatureNames, items: Sequence[bytes]) -> FeatureTable:
        """Returns them with places in vocabularies for categories, items and positions."""
        columns = [
            _places(self.categories[:, place], [value.encode("utf-8", "surrogateescape") for value in values])
            for place, values in enumerate(names.categories.values())
        ]
        return FeatureTable(
            numbers=self.numbers,
            categories=np.stack(columns, axis=1) if columns else np.zeros((len(self), 0), np.int32),
            vectors=self.vectors,
            item=_places(self.item, items),
            position=np.clip(self.position, 0, names.positions).astype(np.int32),
            outcomes=self.outcomes,
            weight=self.weight,
        )


def load_impressions(examples_uri: str, split: str, facts: Mapping[str, Any]) -> Impressions:
    """Reads the impressions of a split into memory.

    Args:
        examples_uri: An Examples artifact of ResponseExamples.
        split: Which of its splits.
        facts: What its catalogue says.

    Raises:
        ValueError: The split has no file.
    """
    return read_impressions(tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP"), facts)


def read_impressions(records: tf.data.Dataset, facts: Mapping[str, Any]) -> Impressions:
    """Reads serialized tf.Examples as `Impressions`."""
    outcomes = len(facts["outcomes"])
    features = {
        "numbers": tf.io.FixedLenFeature([len(facts["feature_names"])], tf.float32),
        "categories": tf.io.FixedLenFeature([len(category_names(facts))], tf.string),
        "vectors": tf.io.RaggedFeature(tf.float32),
        "item": tf.io.FixedLenFeature([], tf.string),
        "position": tf.io.FixedLenFeature([], tf.float32, 0.0),
        "outcomes": tf.io.FixedLenFeature([outcomes], tf.float32),
        "weight": tf.io.FixedLenFeature([], tf.float32),
        "user_id": tf.io.FixedLenFeature([], tf.string, ""),
        "treatment": tf.io.FixedLenFeature([], tf.string, ""),
        "propensity": tf.io.FixedLenFeature([], tf.float32, float("nan")),
    }
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in features}
    for batch in records.batch(_AT_ONCE):
        parsed = tf.io.parse_example(batch, features)
        for name, values in parsed.items():
            dense = values.to_tensor() if isinstance(values, tf.RaggedTensor) else values
            parts[name].append(dense.numpy())
    return Impressions({name: np.concatenate(found) for name, found in parts.items()})


def category_names(facts: Mapping[str, Any]) -> list[str]:
    """Returns the names of the categories of an example: of the request, of the clock, of the item."""
    clock = ["weekday", "hour"] if facts["clock"] else []
    return [*facts["request_texts"], *clock, *facts["category_names"]]


def feature_names(impressions: Impressions, facts: Mapping[str, Any], items: int) -> FeatureNames:
    """Returns the vocabularies of what is learned from; values that few impressions have are left out."""
    categories = {}
    for place, name in enumerate(category_names(facts)):
        counts = Counter(impressions.categories[:, place].tolist())
        values = sorted(value for value, count in counts.items() if value and count >= _LEAST_ROWS)
        categories[name] = tuple(value.decode("utf-8", "surrogateescape") for value in values)
    return FeatureNames(
        numbers=tuple(facts["feature_names"]),
        categories=categories,
        items=items,
        positions=int(np.clip(impressions.position.max(initial=0.0), 0, _MOST_POSITIONS)),
        outcomes=tuple(facts["outcomes"]),
    )


def _places(values: npt.NDArray[Any], known: Sequence[bytes]) -> npt.NDArray[np.int32]:
    """Returns the place of each value from 1, 0 for an unknown one."""
    place_of = {value: place for place, value in enumerate(known, start=1)}
    distinct, inverse = np.unique(values.astype(object), return_inverse=True)
    return (
        np.array([place_of.get(value, 0) for value in distinct], np.int32)[inverse]
        if len(values)
        else np.zeros(0, np.int32)
    )
