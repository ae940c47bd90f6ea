"""The sum of many gradients, of which none weighs much, with noise on top: a step of DP-SGD."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from trainer.privacy.options import PrivacyOptions
from trainer.workers.exchange import summed


def clipped_sums(gradients: Sequence[Any], l2_clip: float) -> list[Any]:
    """Cuts the gradient of each text, all variables together, to a norm, and adds the texts up.

    Args:
        gradients: float32 `(batch, *shape)`, one for each variable.
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


def private_means(gradients: Sequence[Any], options: PrivacyOptions, expected: int, seed: int, step: Any) -> list[Any]:
    """Returns the noisy mean of clipped gradients, over the texts of all replicas.

    The sum is divided by the size that batches have on average, since their own sizes would tell of texts.

    Source: Abadi et al., "Deep learning with differential privacy", CCS 2016.

    Args:
        gradients: As for `clipped_sums`, of a replica's texts.
        options: The norm, and the noise.
        expected: Texts of a batch on average.
        seed: Of the noise, the same on all replicas, so that all add the same noise once.
        step: Which step it is, an int scalar; the noise of each is another one.
    """
    sums = summed(clipped_sums(gradients, options.l2_clip))
    if options.noise_multiplier:
        deviation = options.noise_multiplier * options.l2_clip
        base = tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64)])
        seeds = tf.random.split(base, len(sums))
        sums = [
            total + tf.random.stateless_normal(total.shape, seeds[place], stddev=deviation)
            for place, total in enumerate(sums)
        ]
    return [total / expected for total in sums]
