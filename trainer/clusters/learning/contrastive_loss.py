"""The loss by which vectors of one kind come near each other."""

from typing import Any

import tensorflow as tf

_NONE = -1
TEMPERATURE = 0.1


def contrastive_loss(vectors: Any, labels: Any, temperature: float = TEMPERATURE) -> Any:
    """Returns the supervised contrastive loss, the mean over the levels of labels.

    On each level this is L_out of Khosla et al., "Supervised contrastive learning" (NeurIPS 2020): the negative mean,
    over the rows of the same label, of the logarithm of each one's share of the softmax over all other rows; and of
    that the mean over the rows that have another one of their label. With labels that two rows each share, a text and a
    changed copy of it, it is the loss of SimCLR (Chen et al., ICML 2020).

    Args:
        vectors: float32 `(rows, dimensions)` of length 1.
        labels: int32 `(levels, rows)`; -1 for a row without one, which is nobody's positive on that level.
        temperature: Divides the cosines.

    Returns:
        A float32 scalar; a level on which no two rows share a label adds 0.
    """
    itself = tf.eye(tf.shape(vectors)[0], dtype=tf.bool)
    cosines = tf.where(itself, vectors.dtype.min, tf.matmul(vectors, vectors, transpose_b=True) / temperature)
    log_shares = tf.where(itself, 0.0, tf.nn.log_softmax(cosines))
    same = (labels[:, :, tf.newaxis] == labels[:, tf.newaxis, :]) & (labels != _NONE)[:, :, tf.newaxis] & ~itself
    positives = tf.cast(same, vectors.dtype)
    counts = tf.reduce_sum(positives, axis=2)
    losses = -tf.math.divide_no_nan(tf.reduce_sum(log_shares * positives, axis=2), counts)
    anchors = tf.reduce_sum(tf.cast(counts > 0.0, vectors.dtype), axis=1)
    return tf.reduce_mean(tf.math.divide_no_nan(tf.reduce_sum(losses, axis=1), anchors))
