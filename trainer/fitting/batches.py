"""What the batches of several trainings have in common."""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

EpochBatches: TypeAlias = Callable[[int, int], tf.data.Dataset]
"""Returns the batches of an epoch, by its number from 0, without so many first ones.

Which examples make a batch depends on the seed, the epoch and the batch's place alone, so that a training goes on where
it was left, and all workers see the same batches.
"""


def unsharded(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns batches that replicas divide among them one by one: they come from memory, with no files to shard by."""
    whole = tf.data.Options()
    whole.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return batches.with_options(whole)


def share_of_batches(batches: tf.data.Dataset, place: int, count: int) -> tf.data.Dataset:
    """Returns of each batch the rows that one of so many workers learns from: every so many-th one, no row twice."""
    if count == 1:
        return batches
    return batches.map(lambda batch: tf.nest.map_structure(lambda rows: rows[place::count], batch)).prefetch(2)
