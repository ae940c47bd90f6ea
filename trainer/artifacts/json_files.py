"""JSON files on any filesystem that TensorFlow reads."""

import json
import os
from typing import Any

import tensorflow as tf


def write_json(path: str, values: Any) -> None:
    """Writes values as a JSON file that people can read; its folder is made where there is none."""
    text = json.dumps(values, indent=1, ensure_ascii=False)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as stream:
        stream.write(text)


def read_json(path: str) -> Any:
    """Reads a JSON file.

    Raises:
        tf.errors.NotFoundError: There is no such file.
    """
    with tf.io.gfile.GFile(path, "r") as stream:
        return json.load(stream)
