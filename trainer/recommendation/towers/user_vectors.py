"""User vectors, made exactly as the served model makes them."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.history import History
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.user_vectors import user_vectors as served_user_vectors
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.padded_histories import pad_histories
from trainer.recommendation.towers.towers import Towers


def user_vectors(
    towers: Towers,
    item_vectors: npt.NDArray[np.float32],
    users: JudgedUsers,
    batch_size: int = 256,
) -> npt.NDArray[np.float32]:
    """Embeds users by their histories, at the time of their query.

    Args:
        towers: The trained towers.
        item_vectors: float32 `(products, dimensions)` of these towers, rows in catalogue order.
        users: Whom to embed.
        batch_size: Users a step.

    Returns:
        float32 `(users, dimensions)`, as `serving.recommendation.user_vectors` makes them; a zero row for a user
        without history.
    """
    tower, index = towers.user_tower, ItemIndex(*towers.split(item_vectors))

    def embed(products: tf.Tensor, types: tf.Tensor, age_seconds: tf.Tensor) -> tf.Tensor:
        return served_user_vectors(
            History(products, types, age_seconds),
            index,
            lambda *inputs: tower(*inputs, training=False),
            tower.tower_history,
        )

    step = tf.function(embed, autograph=False, reduce_retracing=True)
    vectors = np.zeros((len(users), item_vectors.shape[1]), np.float32)
    for start in range(0, len(users), batch_size):
        batch = users.rows(start, start + batch_size)
        width = max(1, int(np.diff(batch.history_offsets).max()))
        vectors[start : start + batch_size] = step(*pad_histories(batch, width))
    return vectors
