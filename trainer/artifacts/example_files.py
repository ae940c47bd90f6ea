"""The TFRecord files of an Examples artifact, and the tf.Examples in them."""

import hashlib
import heapq
import os
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from trainer.artifacts.names import EXAMPLES_SUFFIX


def split_files(examples_uri: str, split: str) -> list[str]:
    """Returns the files of a split, sorted.

    Raises:
        ValueError: There is none.
    """
    pattern = os.path.join(examples_uri, f"Split-{split}", f"*{EXAMPLES_SUFFIX}")
    files = sorted(tf.io.gfile.glob(pattern))
    if not files:
        raise ValueError(f"{pattern} should name the TFRecord files of split `{split}`. There is none.")
    return files


def sampled_records(examples_uri: str, split: str, id_feature: str, most: int | None) -> list[tuple[bytes, bytes]]:
    """Returns serialized tf.Examples of a split, each behind the id that a feature has, in the order of the ids.

    Args:
        examples_uri: The Examples artifact.
        split: Name of the split.
        id_feature: The feature; one that an example lacks counts as empty.
        most: How many at the most, chosen by sha256 of the id; None for all.

    Raises:
        ValueError: The split has no files.
    """
    records = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP").as_numpy_iterator()
    named: Iterable[tuple[bytes, bytes]] = ((_id_of(record, id_feature), record) for record in records)
    if most is not None:
        named = heapq.nsmallest(most, named, key=lambda each: hashlib.sha256(each[0]).digest())
    return sorted(named, key=lambda each: each[0])


def example_features(record: bytes) -> Mapping[str, Any]:
    """Parses a serialized tf.Example into its features by name."""
    features: Mapping[str, Any] = tf.train.Example.FromString(record).features.feature
    return features


def _id_of(record: bytes, id_feature: str) -> bytes:
    values = example_features(record)[id_feature].bytes_list.value
    return bytes(values[0]) if values else b""
