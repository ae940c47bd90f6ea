"""What the batches of several trainings have in common."""

import tensorflow as tf


def unsharded(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns batches that replicas divide among them one by one: they come from memory, with no files to shard by."""
    whole = tf.data.Options()
    whole.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return batches.with_options(whole)
