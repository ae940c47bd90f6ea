"""A model whose computations last as long as a test wants, and leave a trace."""

from pathlib import Path

import tensorflow as tf


class Files(tf.Module):
    """`read` lasts until somebody opens the named pipe that it is given; `write` makes the file of that name.

    `read` first makes a file that has `.begun` after the pipe's name. It ends with an error, as a pipe has no length.
    """

    @tf.function(input_signature=[tf.TensorSpec([1], tf.string, "path")])
    def read(self, path: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([tf.io.write_file(path[0] + ".begun", "")]):
            return {"content": tf.io.read_file(path[0])[tf.newaxis]}

    @tf.function(input_signature=[tf.TensorSpec([1], tf.string, "path")])
    def write(self, path: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([tf.io.write_file(path[0], "")]):
            return {"path": tf.identity(path)}


def write_files_model(model_folder: Path) -> None:
    """Writes version 1."""
    module = Files()
    tf.saved_model.save(module, str(model_folder / "1"), signatures={"read": module.read, "write": module.write})
