"""What replicas of one training tell each other within a step; with one replica all of it costs nothing.

To be called inside `tf.distribute.Strategy.run`, by all replicas in the same order.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def replicas() -> int:
    """Returns how many replicas, on all machines together, take part in the step that is being traced."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def summed(values: Any) -> Any:
    """Returns the sum over all replicas of a dense tensor or of each one in a list."""
    if replicas() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def gathered(rows: Any) -> Any:
    """Returns the rows `(n, …)` of all replicas, one replica's after the other's; gradients go back to where they came.

    Replicas may have unequal numbers of rows, and none.
    """
    if replicas() == 1:
        return rows
    everybodys = tf.distribute.get_replica_context().all_gather(rows, axis=0)
    return tf.ensure_shape(everybodys, [None, *rows.shape[1:]])


def first_row(rows: Any) -> Any:
    """Returns the place, int32, of this replica's first row in what `gathered` returns of `rows`."""
    if replicas() == 1:
        return tf.constant(0)
    context = tf.distribute.get_replica_context()
    before = tf.range(replicas()) < context.replica_id_in_sync_group
    return tf.reduce_sum(tf.where(before, context.all_gather(tf.shape(rows)[:1], axis=0), 0))


def shared_out(compute: Callable[[Any], Any], rows: Any) -> Any:
    """Returns `compute(rows)`, of which each replica computes its part; rows have to be the same on all replicas.

    Args:
        compute: Makes of `(n,)` rows a tensor `(n, …)`, each of its rows from one row alone.
        rows: `(n,)`, at least one.
    """
    if replicas() == 1:
        return compute(rows)
    count, own = tf.shape(rows)[0], tf.distribute.get_replica_context().replica_id_in_sync_group
    part = (count + replicas() - 1) // replicas()
    # The last part may be short. It is filled up, so that every replica has something to compute.
    places = tf.minimum(own * part + tf.range(part), count - 1)
    return gathered(compute(tf.gather(rows, places)))[:count]
