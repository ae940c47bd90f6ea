"""Distances between words of which only small ones matter, in plain TensorFlow ops."""

import numpy as np
import tensorflow as tf

# Distances up to this are exact; larger ones come out as some number above it.
MOST_EDITS = 2
TOO_FAR = 100
_BAND = 2 * MOST_EDITS + 1


def edit_distances(
    first: tf.Tensor, first_lengths: tf.Tensor, second: tf.Tensor, second_lengths: tf.Tensor
) -> tf.Tensor:
    """Returns how many letters are too few, too many, other or exchanged with their neighbour, for pairs of words.

    It is the optimal string alignment distance: the exchange of two neighbours counts as one, and nothing is changed
    twice. Only cells within `MOST_EDITS` of the diagonal are filled (Ukkonen, "Algorithms for approximate string
    matching", 1985), for all pairs at once, a row of the table a step.

    Args:
        first: int32 `(pairs, letters)`, code points; 0 past the end.
        first_lengths: int32 `(pairs,)`, 1 at least.
        second: int32 `(pairs, letters)`.
        second_lengths: int32 `(pairs,)`.

    Returns:
        int32 `(pairs,)`.
    """
    # Cell o of row i stands for the first i letters of one word and the first i + o - MOST_EDITS of the other.
    before, after = MOST_EDITS + 2, MOST_EDITS + 1
    first, second = tf.pad(first, [[0, 0], [1, 0]]), tf.pad(second, [[0, 0], [before, after]], constant_values=-1)
    start = np.array([TOO_FAR] * MOST_EDITS + list(range(MOST_EDITS + 1)), np.int32)
    pairs = tf.shape(first)[0]
    row_0 = tf.tile(start[np.newaxis], [pairs, 1])
    steps = np.arange(_BAND)[np.newaxis, :] - np.arange(_BAND)[:, np.newaxis]
    one_too_many = tf.constant(np.where(steps >= 0, steps, TOO_FAR), tf.int32)
    end = second_lengths - first_lengths + MOST_EDITS
    within = (end >= 0) & (end < _BAND)
    end = tf.clip_by_value(end, 0, _BAND - 1)

    def fill(row: tf.Tensor, above: tf.Tensor, two_above: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, ...]:
        letter, earlier = first[:, row, tf.newaxis], first[:, row - 1, tf.newaxis]
        others, earlier_others = second[:, row + 1 : row + 1 + _BAND], second[:, row : row + _BAND]
        same_or_other = above + tf.cast(letter != others, tf.int32)
        too_few = tf.pad(above[:, 1:], [[0, 0], [0, 1]], constant_values=TOO_FAR) + 1
        exchanged = tf.where((letter == earlier_others) & (earlier == others), two_above + 1, TOO_FAR)
        cells = tf.minimum(tf.minimum(same_or_other, too_few), exchanged)
        cells = tf.reduce_min(cells[:, :, tf.newaxis] + one_too_many, axis=1)
        found = tf.where(first_lengths == row, tf.gather(cells, end, batch_dims=1), found)
        return row + 1, cells, above, found

    rows = tf.reduce_max(tf.concat([first_lengths, [0]], axis=0))
    none = tf.fill([pairs], TOO_FAR)
    _, _, _, found = tf.while_loop(
        lambda row, *_: row <= rows, fill, (tf.constant(1), row_0, tf.fill([pairs, _BAND], TOO_FAR), none)
    )
    return tf.where(within, found, TOO_FAR)
