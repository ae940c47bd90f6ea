"""SavedModels of one signature that are written in a moment."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from serving.warm_up_file import write_warm_up_file


class AddConstant(tf.Module):
    """Answers x plus a constant; refuses x under -1000."""

    def __init__(self, constant: float) -> None:
        super().__init__()
        self.constant = tf.Variable(constant)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x"), tf.TensorSpec([None], tf.string, "name")])
    def add(self, x: tf.Tensor, name: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([tf.debugging.assert_greater(x, -1000.0, "x is too small")]):
            return {"sum": x + self.constant, "name": tf.identity(name)}


def write_version(model_folder: Path, version: int, constant: float, warm_up_x: float | None = None) -> Path:
    """Writes `<model_folder>/<version>`, with a warm-up request if `warm_up_x` is given."""
    module = AddConstant(constant)
    partial = model_folder / f".{version}"
    tf.saved_model.save(module, str(partial), signatures={"serving_default": module.add})
    if warm_up_x is not None:
        inputs = {"x": np.full((1, 2), warm_up_x, np.float32), "name": np.array([b"n"], object)}
        write_warm_up_file(str(partial), model_folder.name, {"serving_default": inputs})
    return partial.rename(model_folder / str(version))
