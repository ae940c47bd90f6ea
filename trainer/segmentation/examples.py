"""Histories of an examples artifact, described in words and numbers."""

from typing import Any

import numpy as np
import tensorflow as tf

from serving.segmentation.behaviour import Behaviour
from trainer.artifacts.example_files import sampled_records, split_files
from trainer.artifacts.labels import load_label_facts
from trainer.classification.examples import LabelledTexts

_AT_ONCE = 512
_FEATURES = {
    "label": tf.io.FixedLenFeature([], tf.int64),
    "user_id": tf.io.FixedLenFeature([], tf.string, ""),
}


def load_definitions(labels_uri: str) -> dict[str, Any]:
    """Reads `segment_definitions` of a Labels artifact, the spends that make each segment; empty for given segments."""
    facts = load_label_facts(labels_uri)
    return {name: facts[name] for name in ("segment_definitions",) if name in facts}


def load_behaviours(
    examples_uri: str, split: str, behaviour: Behaviour, group: str | None = None, most: int | None = None
) -> LabelledTexts:
    """Reads and describes histories of a split, by the function that the served graph describes them by.

    Memory grows with the users of the split times its moments: a text and some hundred numbers each.

    Args:
        examples_uri: The Examples artifact.
        split: Name of the split.
        behaviour: Describes histories.
        group: The feature that says of which group each user is; None where nobody asks.
        most: How many histories at the most, chosen by sha256 of the user id; None for all.

    Raises:
        ValueError: The split has no file.
    """
    describe = tf.function(
        behaviour.describe_examples, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    texts: list[bytes] = []
    features = {**_FEATURES, **({} if group is None else {group: tf.io.FixedLenFeature([], tf.string, "")})}
    numbers, labels, users, groups = [], [], [], []
    if most is None:
        every = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP")
    else:
        sampled = sampled_records(examples_uri, split, "user_id", most)
        every = tf.data.Dataset.from_tensor_slices([record for _, record in sampled])
    for records in every.batch(_AT_ONCE):
        described = describe(records)
        texts += described.texts.numpy().tolist()
        numbers.append(described.numbers.numpy())
        parsed = tf.io.parse_example(records, features)
        labels.append(parsed["label"].numpy())
        users.append(parsed["user_id"].numpy())
        if group is not None:
            groups.append(parsed[group].numpy())
    return LabelledTexts(
        texts=[text.decode("utf-8", "surrogateescape") for text in texts],
        labels=np.concatenate(labels),
        numbers=np.concatenate(numbers),
        users=np.concatenate(users),
        groups=np.concatenate(groups) if groups else None,
    )
