"""A model that no task of the project has, and the checks that belong to it."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from components.checks.common import ServedModel
from serving.client import Shelfwise


class Doubling(tf.Module):
    """Answers twice a number, or something else.

    Args:
        factor: What a number is multiplied by.
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "number")])
    def double(self, number: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"doubled": number * self._factor}

    def save(self, folder: Path) -> None:
        """Writes it as a SavedModel, without a model card."""
        tf.saved_model.save(self, str(folder), signatures={"serving_default": self.double})


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Says what is wrong, and what it was given beside the name and the path."""
    doubled = client.predict(model.name, "serving_default", {"number": np.float32([1.5, -2.0])})["doubled"]
    saved = Path(model.path, "saved_model.pb").is_file()
    right = doubled.tolist() == [3.0, -4.0]
    return [] if saved and right and not model.card and not model.catalogue_uri else [f"got {doubled.tolist()}"]
