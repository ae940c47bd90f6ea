"""Labelled texts of an examples artifact, in memory."""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.example_files import example_features, split_files


@dataclass(frozen=True, kw_only=True)
class LabelledTexts:
    """Texts with their labels.

    Memory grows with the texts of the split.

    Attributes:
        texts: The texts.
        labels: int64 `(texts,)`, places in the label vocabulary.
        numbers: float32 `(texts, numbers)`, NaN where one is not known.
        weights: float32 `(texts,)`, what each text counts; None where all count 1.
        users: bytes `(texts,)`, whose each text is, empty where that is unknown; None where none names anybody.
        groups: bytes `(texts,)`, the group that each text is of, empty where that is unknown; None where nobody asks.
    """

    texts: list[str]
    labels: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32] | None = None
    users: npt.NDArray[Any] | None = None
    groups: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        """Returns the number of texts."""
        return len(self.texts)

    def text_weights(self) -> npt.NDArray[np.float32]:
        """Returns what each text counts, float32 `(texts,)`."""
        return np.ones(len(self), np.float32) if self.weights is None else self.weights

    def chosen(self, rows: npt.NDArray[np.bool_]) -> "LabelledTexts":
        """Returns some of the texts, by bool `(texts,)`."""
        weights, users, groups = (
            None if each is None else each[rows] for each in (self.weights, self.users, self.groups)
        )
        return LabelledTexts(
            texts=[self.texts[row] for row in np.flatnonzero(rows)],
            labels=self.labels[rows],
            numbers=self.numbers[rows],
            weights=weights,
            users=users,
            groups=groups,
        )

    def weighed(self, weights: npt.NDArray[np.float32]) -> "LabelledTexts":
        """Returns the same texts with other weights."""
        return replace(self, weights=weights)


def load_labelled_texts(examples_uri: str, split: str, group: str | None = None) -> LabelledTexts:
    """Reads all texts of a split, and maybe the column that says of which group each is.

    Raises:
        ValueError: The split has no file.
    """
    records = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP").as_numpy_iterator()
    return labelled_texts(list(records), group)


def load_unlabelled_texts(examples_uri: str) -> list[str]:
    """Reads the texts without labels; none where the artifact has no such split."""
    if not tf.io.gfile.exists(os.path.join(examples_uri, "Split-unlabelled")):
        return []
    records = tf.data.TFRecordDataset(split_files(examples_uri, "unlabelled"), "GZIP").as_numpy_iterator()
    return sorted(example_features(record)["text"].bytes_list.value[0].decode() for record in records)


def labelled_texts(records: list[bytes], group: str | None = None) -> LabelledTexts:
    """Parses serialized tf.Examples with the features text, label and maybe numbers, and that of groups."""
    features = [example_features(record) for record in records]
    numbers = [np.array(_numbers(each), np.float32) for each in features]
    return LabelledTexts(
        texts=[each["text"].bytes_list.value[0].decode() for each in features],
        labels=np.array([each["label"].int64_list.value[0] for each in features], np.int64),
        numbers=np.stack(numbers) if numbers else np.zeros((0, 0), np.float32),
        groups=None if group is None else np.array([_group(each, group) for each in features], object),
    )


def _group(features: Any, name: str) -> bytes:
    return features[name].bytes_list.value[0] if name in features else b""


def _numbers(features: Any) -> list[float]:
    return list(features["numbers"].float_list.value) if "numbers" in features else []
