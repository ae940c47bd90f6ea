"""Keras files on any filesystem that TensorFlow reads; Keras itself writes local ones only."""

import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf


def save_keras(model: Any, uri: str) -> None:
    """Saves a model as `uri`, which ends in .keras; folders are made."""
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "model.keras"
        model.save(local)
        tf.io.gfile.makedirs(uri.rsplit("/", 1)[0])
        tf.io.gfile.copy(str(local), uri, overwrite=True)


def load_keras(uri: str, optional: bool = False) -> Any:
    """Loads the model that `save_keras` wrote.

    Args:
        uri: The .keras file.
        optional: Return None where there is no such file.

    Raises:
        ValueError: There is no such file, or Keras cannot read it.
    """
    if not tf.io.gfile.exists(uri):
        if optional:
            return None
        raise ValueError(f"{uri} should be a trained model's file. There is none: train the model first.")
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "model.keras"
        tf.io.gfile.copy(uri, str(local))
        try:
            return keras.models.load_model(local, compile=False)
        except Exception as error:
            raise ValueError(f"{uri} should be a Keras file that this version reads. Keras says: {error}") from error
