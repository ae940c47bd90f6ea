"""Histories of an examples artifact, described in words and numbers."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.segmentation.behaviour import Behaviour
from trainer.artifacts.example_files import sampled_records, split_files
from trainer.artifacts.labels import load_label_facts
from trainer.classification.examples import LabelledTexts

_AT_ONCE = 512
_FEATURES = {
    "label": tf.io.FixedLenFeature([], tf.int64),
    "user_id": tf.io.FixedLenFeature([], tf.string, ""),
    "moment": tf.io.FixedLenFeature([], tf.int64),
}


class Replay(NamedTuple):
    """What an update learns from: users as they were at the newest moment, and some of them at earlier ones.

    Attributes:
        share: Share of those at earlier moments, by sha256 of the newest moment, the user and the moment, so that each
            update draws others.
        seed: Of the draw.
    """

    share: float
    seed: int

    def chosen(self, moments: npt.NDArray[np.int64], users: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Returns which rows are learned from, bool `(rows,)`, of Unix seconds and of the users' ids as bytes."""
        newest = moments.max(initial=0)
        drawn = (
            hashlib.sha256(f"{self.seed} {newest} {moment} ".encode() + user).digest()
            for user, moment in zip(users, moments, strict=True)
        )
        replayed = np.array([int.from_bytes(digest[:8], "big") < self.share * 2.0**64 for digest in drawn], np.bool_)
        chosen: npt.NDArray[np.bool_] = (moments == newest) | replayed
        return chosen


def load_definitions(labels_uri: str) -> dict[str, Any]:
    """Reads `segment_definitions` of a Labels artifact, the spends that make each segment; empty for given segments."""
    facts = load_label_facts(labels_uri)
    return {name: facts[name] for name in ("segment_definitions",) if name in facts}


def load_behaviours(
    examples_uri: str,
    split: str,
    behaviour: Behaviour,
    group: str | None = None,
    most: int | None = None,
    replay: Replay | None = None,
) -> LabelledTexts:
    """Reads and describes histories of a split, by the function that the served graph describes them by.

    Memory grows with the users of the split times its moments: a text and some hundred numbers each.

    Args:
        examples_uri: The Examples artifact.
        split: Name of the split.
        behaviour: Describes histories.
        group: The feature that says of which group each user is; None where nobody asks.
        most: How many histories at the most, chosen by sha256 of the user id; None for all.
        replay: Which of them an update learns from; None for all.

    Raises:
        ValueError: The split has no file.
    """
    describe = tf.function(
        behaviour.describe_examples, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    texts: list[bytes] = []
    features = {**_FEATURES, **({} if group is None else {group: tf.io.FixedLenFeature([], tf.string, "")})}
    numbers, labels, users, moments, groups = [], [], [], [], []
    if most is None:
        every = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP")
    else:
        sampled = sampled_records(examples_uri, split, "user_id", most)
        every = tf.data.Dataset.from_tensor_slices([record for _, record in sampled])
    for records in every.batch(_AT_ONCE):
        told = describe(records)
        texts += told.texts.numpy().tolist()
        numbers.append(told.numbers.numpy())
        parsed = tf.io.parse_example(records, features)
        labels.append(parsed["label"].numpy())
        users.append(parsed["user_id"].numpy())
        moments.append(parsed["moment"].numpy())
        if group is not None:
            groups.append(parsed[group].numpy())
    of_users = np.concatenate(users)
    described = LabelledTexts(
        texts=[text.decode("utf-8", "surrogateescape") for text in texts],
        labels=np.concatenate(labels),
        numbers=np.concatenate(numbers),
        users=of_users,
        groups=np.concatenate(groups) if groups else None,
    )
    if replay is None:
        return described
    return described.chosen(replay.chosen(np.concatenate(moments), of_users))
