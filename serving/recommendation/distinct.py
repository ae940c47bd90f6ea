"""The distinct values of rows, in plain TensorFlow ops."""

import tensorflow as tf


def first_of_equals(values: tf.Tensor) -> tf.Tensor:
    """Keeps the first of equal values of a row, of int32 `(batch, width)` from -1; the others become -1."""
    shape = tf.shape(values, out_type=tf.int64)
    keys = tf.cast(values, tf.int64) + 1
    rows = tf.range(shape[0])[:, tf.newaxis]
    unique, group = tf.unique(tf.reshape(rows * (tf.reduce_max(keys) + 1) + keys, [-1]))
    place = tf.range(shape[0] * shape[1])
    first = tf.math.unsorted_segment_min(place, group, tf.size(unique))
    return tf.where(tf.reshape(tf.gather(first, group) == place, shape), values, -1)
