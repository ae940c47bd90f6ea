"""The sum of many gradients, of which none weighs much, with noise on top: a step of DP-SGD."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from trainer.privacy.options import PrivacyOptions
from trainer.workers.exchange import summed


def clipped_sums(gradients: Sequence[Any], l2_clip: float) -> list[Any]:
    """Cuts the gradient of each unit, all variables together, to a norm, and adds the units up.

    Args:
        gradients: float32 `(units, *shape)`, one for each variable.
        l2_clip: The norm.

    Returns:
        float32 `shape` each.
    """
    tensors = [tf.convert_to_tensor(each) for each in gradients]
    flat = [tf.reshape(each, [tf.shape(each)[0], each.shape[1:].num_elements()]) for each in tensors]
    norms = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(each), axis=1) for each in flat]))
    kept = tf.minimum(1.0, tf.math.divide_no_nan(l2_clip, norms))
    sums = [tf.linalg.matvec(each, kept, transpose_a=True) for each in flat]
    return [tf.reshape(total, each.shape[1:]) for total, each in zip(sums, tensors, strict=True)]


def noisy_means(sums: Sequence[Any], options: PrivacyOptions, expected: float, seed: int, step: Any) -> list[Any]:
    """Returns the mean of clipped gradients with noise, over the rows of all replicas.

    The sum is divided by the rows that batches have on average, since their own number would tell of users.

    Source: Abadi et al., "Deep learning with differential privacy", CCS 2016.

    Args:
        sums: As `clipped_sums` returns them, of a replica's rows.
        options: The norm, and the noise.
        expected: Rows of a batch on average.
        seed: Of the noise, the same on all replicas, so that all add the same noise once.
        step: Which step it is, an int scalar; the noise of each is another one.
    """
    totals = summed(list(sums))
    if options.noise_multiplier:
        deviation = options.noise_multiplier * options.l2_clip
        base = tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64)])
        seeds = tf.random.split(base, len(totals))
        totals = [
            total + tf.random.stateless_normal(total.shape, seeds[place], stddev=deviation)
            for place, total in enumerate(totals)
        ]
    return [total / expected for total in totals]
