"""What a history says of its user, as the vector that item vectors are compared with; plain TensorFlow ops."""

from collections.abc import Callable

import tensorflow as tf

from serving.graph.history import History, latest_events
from serving.graph.time_units import WEEK_SECONDS
from serving.recommendation.item_index import ItemIndex

UserEncoder = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]

# A product counts log1p of its events, each of which weighs exp(-age / weeks).
DECAY_WEEKS = 20.0


def user_vectors(history: History, index: ItemIndex, encoder: UserEncoder, tower_history: int) -> tf.Tensor:
    """Reads a history twice: its latest events by the user encoder, and all of it by the linear model.

    Args:
        history: The whole history of each user, `(batch, width)`.
        index: The item vectors.
        encoder: Maps tower vectors `(batch, tower_history, tower dimensions)`, event types int32, gaps in seconds
            float32 and mask bool, all `(batch, tower_history)`, to vectors `(batch, tower_history, tower dimensions)`
            of which the one at the last event is used.
        tower_history: Latest events that the encoder reads.

    Returns:
        float32 `(batch, dimensions)`, the linear model's part of length 1; zeros without a known product.
    """
    events = latest_events(history, tower_history)
    vectors = index.tower_part(index.items(events.products))
    outputs = tf.cast(encoder(vectors, events.types, events.gap_seconds, events.mask), tf.float32)
    last = tf.gather(outputs, tf.maximum(events.count - 1, 0), batch_dims=1)
    recent = tf.where((events.count > 0)[:, tf.newaxis], last, 0.0)
    return tf.concat([recent, linear_user_vectors(history, index)], axis=1)


def linear_user_vectors(history: History, index: ItemIndex) -> tf.Tensor:
    """Returns x E, scaled to length 1: x is a history, and E the linear model's part of the item vectors.

    The model's score of a product is x E E' (see `trainer.recommendation.towers.linear_item_vectors`); the length of x
    E makes no difference to its order.

    Returns:
        float32 `(batch, linear dimensions)`; zeros without a known product.
    """
    shape = tf.shape(history.products, out_type=tf.int64)
    keys = tf.cast(history.products, tf.int64) + 1
    stride = tf.reduce_max(keys) + 1
    rows = tf.range(shape[0])[:, tf.newaxis]
    # Row and product in one number: a product counts once, by all its events.
    unique, group = tf.unique(tf.reshape(rows * stride + keys, [-1]))
    weights = tf.exp(-history.age_seconds / (DECAY_WEEKS * WEEK_SECONDS))
    weights = tf.math.unsorted_segment_sum(tf.reshape(weights, [-1]), group, tf.size(unique))
    product = tf.math.floormod(unique, stride) - 1
    weights = tf.where(product >= 0, tf.math.log1p(weights), 0.0)
    vectors = index.linear_part(index.items(tf.cast(product, tf.int32)))
    total = tf.math.unsorted_segment_sum(vectors * weights[:, tf.newaxis], unique // stride, shape[0])
    return tf.math.divide_no_nan(total, tf.norm(total, axis=1, keepdims=True))
