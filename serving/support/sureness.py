"""How sure it is that the best answer is right, in plain TensorFlow ops; training learns on the same signs."""

from collections.abc import Sequence

import tensorflow as tf

# Log odds of the best answer's probability, how far its score is from the next one's, its cosine by text, and by the
# nearest known question.
SIGNS = ("log_odds", "margin", "text", "nearest_question")
_MOST_ODDS = 15.0


def signs_of(scores: tf.Tensor, text: tf.Tensor, nearest: tf.Tensor) -> tf.Tensor:
    """Returns the signs of each row's best answer, float32 `(batch, signs)`.

    Args:
        scores: float32 `(batch, answers)`; -inf for what may not be an answer.
        text: float32 `(batch, answers)`, the cosine of question and answer.
        nearest: float32 `(batch, answers)`, the cosine with the nearest known question.
    """
    # An answer more than there may be, so that there always are two.
    padded = tf.pad(scores, [[0, 0], [0, 1]], constant_values=-1e9)
    best, places = tf.math.top_k(padded, k=2)
    first = tf.minimum(places[:, :1], tf.shape(text)[1] - 1)
    others = tf.reduce_logsumexp(
        tf.where(tf.range(tf.shape(padded)[1])[tf.newaxis] == places[:, :1], -1e9, tf.maximum(padded, -1e9)), axis=1
    )
    log_odds = tf.clip_by_value(best[:, 0] - others, -_MOST_ODDS, _MOST_ODDS)
    margin = tf.clip_by_value(best[:, 0] - best[:, 1], 0.0, _MOST_ODDS)
    return tf.stack(
        [log_odds, margin, tf.gather(text, first, batch_dims=1)[:, 0], tf.gather(nearest, first, batch_dims=1)[:, 0]],
        axis=1,
    )


def probability(signs: tf.Tensor, weights: Sequence[float], bias: float) -> tf.Tensor:
    """Returns how probable it is that the best answer is right, float32 `(batch,)`."""
    return tf.sigmoid(tf.reduce_sum(signs * tf.constant(list(weights), tf.float32), axis=1) + bias)
