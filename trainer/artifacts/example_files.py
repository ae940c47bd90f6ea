"""The TFRecord files of an Examples artifact, and the tf.Examples in them."""

import os
from collections.abc import Mapping
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


def example_features(record: bytes) -> Mapping[str, Any]:
    """Parses a serialized tf.Example into its features by name."""
    features: Mapping[str, Any] = tf.train.Example.FromString(record).features.feature
    return features
