"""SavedModels of one signature that are written in a moment."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from serving.graph.warm_up_file import write_warm_up_file


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


class BatchWitness(tf.Module):
    """Tells in every row what the row was computed with."""

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    def witness(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = tf.shape(x)[0]
        return {"x": tf.identity(x), "rows": tf.fill([rows], rows), "total": tf.fill([rows], tf.reduce_sum(x))}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.string, "words")])
    def any_width(self, words: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"joined": tf.strings.reduce_join(words, axis=1, separator=" ")}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.float32, "x"), tf.TensorSpec([None], tf.float32, "y")],
    )
    def two_inputs(self, x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"x": tf.identity(x), "y": tf.identity(y)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, "x")])
    def scalar_input(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"x": tf.identity(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def scalar_output(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"sum": tf.reduce_sum(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def one_more_row(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"x": tf.concat([x, x[:1]], axis=0)}


def write_witness(model_folder: Path) -> Path:
    """Writes version 1 of a BatchWitness; `serving_default` is its `witness`."""
    module = BatchWitness()
    signatures = {
        "serving_default": module.witness,
        "any_width": module.any_width,
        "two_inputs": module.two_inputs,
        "scalar_input": module.scalar_input,
        "scalar_output": module.scalar_output,
        "one_more_row": module.one_more_row,
    }
    tf.saved_model.save(module, str(model_folder / "1"), signatures=signatures)
    return model_folder / "1"
