"""User vectors from the user tower, fed exactly as the served model feeds it."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.judged_users import JudgedUsers
from trainer.user_tower import UserTower


def user_vectors(
    user_tower: UserTower,
    item_vectors: npt.NDArray[np.float32],
    users: JudgedUsers,
    batch_size: int = 256,
) -> npt.NDArray[np.float32]:
    """Embeds users by their latest `user_tower.history` events, at the time of their query.

    Args:
        user_tower: The trained tower.
        item_vectors: float32 `(products, dimensions)`, rows in catalogue order.
        users: Whom to embed.
        batch_size: Users a step.

    Returns:
        float32 `(users, dimensions)` of length 1; a zero row for a user without history.
    """
    width = user_tower.history
    vectors = np.zeros((len(users), user_tower.dimensions), np.float32)
    lengths = np.minimum(np.diff(users.history_offsets), width)
    step = tf.function(lambda *inputs: user_tower(*inputs, training=False), autograph=False, reduce_retracing=True)
    # Users of like length together: a batch is as wide as its longest history.
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        shape = (len(rows), int(lengths[rows].max()))
        index, types = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        gaps, valid = np.zeros(shape, np.float32), np.zeros(shape, bool)
        for place, row in enumerate(rows):
            stop, length = users.history_offsets[row + 1], lengths[row]
            events = slice(stop - length, stop)
            index[place, :length] = users.history_index[events]
            types[place, :length] = users.history_type[events]
            times = np.append(users.history_time[events], users.query_time[row])
            gaps[place, :length] = np.maximum(np.diff(times), 0)
            valid[place, :length] = True
        encoded = step(tf.gather(item_vectors, index), types, gaps, valid).numpy()
        vectors[rows] = encoded[np.arange(len(rows)), lengths[rows] - 1]
    return vectors
