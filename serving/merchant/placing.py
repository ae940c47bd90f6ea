"""Lists of products with pinned ones in their places, in plain TensorFlow ops."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class PinnedList(NamedTuple):
    """A list with pinned products in it.

    Attributes:
        scores: float32 `(batch, width)`; -inf for an empty column.
        products: int32 `(batch, width)`; -1 for an empty column.
        pinned: bool `(batch, width)`: whether a pin has put each where it stands.
    """

    scores: tf.Tensor
    products: tf.Tensor
    pinned: tf.Tensor


def with_pins(
    scores: tf.Tensor,
    products: tf.Tensor,
    pinned: tf.Tensor,
    places: tf.Tensor,
    things_of: Callable[[tf.Tensor], tf.Tensor],
) -> PinnedList:
    """Puts products into their places; each stands for its thing, which is nowhere else then.

    A pinned product has the score of what stands next, so that scores fall; 0 where nothing else was found.

    Args:
        scores: float32 `(batch, width)`; -inf for an empty column.
        products: int32 `(batch, width)`, one of each thing; -1 for an empty column.
        pinned: int32 `(batch, pins)` products; -1 for none.
        places: int32 `(batch, pins)`, from 1 on.
        things_of: Returns the thing of each of int32 products; any for -1.
    """
    things = tf.where(products >= 0, things_of(products), -1)
    placed = put_in_place(things, tf.where(pinned >= 0, things_of(pinned), -1), places)
    stands = placed.pins >= 0
    # One more, as there may be no pin at all.
    chosen = tf.gather(tf.pad(pinned, [[0, 0], [0, 1]]), tf.maximum(placed.pins, 0), batch_dims=1)
    kept = tf.gather(products, tf.maximum(placed.columns, 0), batch_dims=1)
    beside = tf.gather(scores, tf.maximum(placed.beside, 0), batch_dims=1)
    nothing = ~stands & (placed.columns < 0)
    return PinnedList(
        tf.where(nothing, -np.inf, tf.where(placed.beside >= 0, beside, 0.0)),
        tf.where(stands, chosen, tf.where(nothing, -1, kept)),
        stands,
    )


class Placed(NamedTuple):
    """A list with pinned products in their places.

    Attributes:
        columns: int32 `(batch, width)`: the column of the list that stands in each; -1 where a pinned product does, or
            nothing.
        pins: int32 `(batch, width)`: the column of the pins that does; -1 for none.
        beside: int32 `(batch, width)`: a column of the list that stands no higher; -1 for none.
    """

    columns: tf.Tensor
    pins: tf.Tensor
    beside: tf.Tensor


def put_in_place(listed: tf.Tensor, pinned: tf.Tensor, places: tf.Tensor) -> Placed:
    """Puts pinned things into a list, from which they are taken where they stood before.

    Of two for one place the first gets it and the other the next. Beyond the end of a shorter list they follow it.

    Args:
        listed: int32 `(batch, width)` things, each once; -1 for none, at the end.
        pinned: int32 `(batch, pins)` things; -1 for none. Of one that is there twice the first counts.
        places: int32 `(batch, pins)`, from 1 on.
    """
    width, count = tf.shape(listed)[1], tf.shape(pinned)[1]
    same = tf.equal(pinned[:, :, tf.newaxis], pinned[:, tf.newaxis, :])
    earlier = tf.linalg.band_part(tf.ones([count, count], tf.int32), -1, 0) - tf.eye(count, dtype=tf.int32)
    there = (pinned >= 0) & ~tf.reduce_any(same & tf.equal(earlier, 1)[tf.newaxis], axis=2)
    order = tf.argsort(tf.where(there, places, np.iinfo(np.int32).max), axis=1, stable=True)
    there, wanted = tf.gather(there, order, batch_dims=1), tf.gather(places, order, batch_dims=1) - 1
    things = tf.where(there, tf.gather(pinned, order, batch_dims=1), -2)
    taken_out = tf.reduce_any(tf.equal(listed[:, :, tf.newaxis], things[:, tf.newaxis, :]), axis=2) | (listed < 0)
    rest = tf.argsort(tf.cast(taken_out, tf.int32), axis=1, stable=True)
    left = width - tf.reduce_sum(tf.cast(taken_out, tf.int32), axis=1, keepdims=True)
    # No two in one place: each is at least one behind the one before.
    index = tf.range(count)[tf.newaxis]
    behind = tf.where(tf.equal(earlier, 1) | tf.cast(tf.eye(count), tf.bool), 0, np.iinfo(np.int32).min // 2)
    at = tf.reduce_max((wanted - index)[:, tf.newaxis, :] + behind[tf.newaxis], axis=2) + index
    at = tf.minimum(at, left + index)
    # (batch, width, pins)
    stands = tf.equal(tf.range(width)[tf.newaxis, :, tf.newaxis], at[:, tf.newaxis, :]) & there[:, tf.newaxis, :]
    filled = tf.reduce_any(stands, axis=2)
    # One more, as there may be no pin at all.
    orders, stood = tf.pad(order, [[0, 0], [0, 1]]), tf.pad(tf.cast(stands, tf.int32), [[0, 0], [0, 0], [0, 1]])
    pin = tf.gather(orders, tf.argmax(stood, axis=2, output_type=tf.int32), batch_dims=1)
    number = tf.cumsum(tf.cast(~filled, tf.int32), axis=1, exclusive=True)
    column = tf.where(number < left, tf.gather(rest, tf.minimum(number, width - 1), batch_dims=1), -1)
    last = tf.gather(rest, tf.maximum(left - 1, 0), batch_dims=1)
    beside = tf.where(column >= 0, column, tf.where(left > 0, last, -1))
    return Placed(tf.where(filled, -1, column), tf.where(filled, pin, -1), beside)
