"""What signatures of every task do with their inputs and answers."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def with_rows_of(first: tf.Tensor, **others: tf.Tensor) -> list[tf.Tensor]:
    """Returns `others`, after a check that each has as many rows as `first`."""
    checks = [
        tf.debugging.assert_equal(
            tf.shape(other)[0], tf.shape(first)[0], f"{name} must have as many rows as the other inputs"
        )
        for name, other in others.items()
    ]
    with tf.control_dependencies(checks):
        return [tf.identity(other) for other in others.values()]


def at_most(k: tf.Tensor, max_k: int) -> tf.Tensor:
    """Cuts each row's `k` to what a request may ask for: an answer takes memory by its width, whatever asked for it.

    It is cut and not refused, since stock TF Serving fails every request of a batch with the one that is refused.
    """
    return tf.minimum(k, max_k)


def cut(scores: tf.Tensor, indices: tf.Tensor, k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Empties each row's columns past its own k."""
    kept = tf.range(tf.shape(scores)[1])[tf.newaxis, :] < k[:, tf.newaxis]
    return tf.where(kept, scores, -np.inf), tf.where(kept, indices, -1)


def text_variable(texts: Sequence[bytes], name: str) -> tf.Variable:
    """Returns texts as a variable: they land in the variables files and not in the graph, which is limited to 2 GB."""
    return tf.Variable(tf.constant(list(texts), tf.string, [len(texts)]), trainable=False, name=name)


def texts_at(texts: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    """Returns the texts at int32 `indices` of any shape; "" for an index under 0."""
    return tf.where(indices >= 0, tf.gather(texts, tf.maximum(indices, 0)), "")
