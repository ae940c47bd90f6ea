"""Batches on several replicas."""

import tensorflow as tf

from trainer.fitting.batches import unsharded


def test_the_batches_stay_as_they_are_and_no_files_are_looked_for() -> None:
    batches = tf.data.Dataset.range(10).batch(4)
    found = unsharded(batches)
    assert [batch.tolist() for batch in found.as_numpy_iterator()] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    policy = found.options().experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.OFF
