"""Lists of products that several sides propose, as one."""

from collections.abc import Sequence

import tensorflow as tf


def without_repetitions(proposals: Sequence[tf.Tensor]) -> tf.Tensor:
    """Joins lists of indices `(batch, width)`, each without repetitions; one that an earlier list has becomes -1.

    The first list has a column at least.
    """
    joined = proposals[0]
    for proposal in proposals[1:]:
        # Sorted, since to compare each with each would take the square of the width.
        known = tf.sort(joined, axis=1)
        places = tf.minimum(tf.searchsorted(known, proposal), tf.shape(known)[1] - 1)
        repeated = tf.gather(known, places, batch_dims=1) == proposal
        joined = tf.concat([joined, tf.where(repeated, -1, proposal)], axis=1)
    return joined
