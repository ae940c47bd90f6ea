"""What queries ask for, and what they limit."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.search.wishes.amounts import DIMENSIONS


class NamedThings(NamedTuple):
    """What queries say that a product must have, or must not.

    Attributes:
        words: string `(things,)`, as `serving.graph.words.plain_words` takes them apart.
        wanted: bool `(things,)`: whether it must be there.
        rows: int64 `(things,)`: the query of each.
    """

    words: tf.Tensor
    wanted: tf.Tensor
    rows: tf.Tensor


class Wish(NamedTuple):
    """Queries with their limits apart.

    Attributes:
        text: string `(batch,)`: what is searched for.
        rest: string `(batch,)`: what is left of the query beside its limits; "" where it is nothing but limits.
        understood: string `(batch,)`: the limits in words, joined by "; "; "" for none.
        low: float32 `(batch, DIMENSIONS)`: what each amount must be at least; -inf for any.
        high: float32 `(batch, DIMENSIONS)`: at most; inf for any.
        brand: int32 `(batch,)`; -1 for any.
        things: What must be there, and what not.
    """

    text: tf.Tensor
    rest: tf.Tensor
    understood: tf.Tensor
    low: tf.Tensor
    high: tf.Tensor
    brand: tf.Tensor
    things: NamedThings

    @classmethod
    def without_limits(cls, text: tf.Tensor) -> "Wish":
        """Returns string `(batch,)` queries that are taken as they are."""
        size = tf.shape(text)[0]
        things = NamedThings(tf.constant([], tf.string), tf.constant([], tf.bool), tf.constant([], tf.int64))
        return cls(
            text,
            text,
            tf.fill([size], ""),
            tf.fill([size, DIMENSIONS], -np.inf),
            tf.fill([size, DIMENSIONS], np.inf),
            tf.fill([size], -1),
            things,
        )

    @classmethod
    def spec(cls) -> "Wish":
        """Returns the kinds of its tensors, as `tf.function` takes them."""
        text, amounts = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, DIMENSIONS], tf.float32)
        things = NamedThings(text, tf.TensorSpec([None], tf.bool), tf.TensorSpec([None], tf.int64))
        return cls(text, text, text, amounts, amounts, tf.TensorSpec([None], tf.int32), things)

    @property
    def is_limited(self) -> tf.Tensor:
        """Whether any of the queries has a limit, a bool scalar."""
        return tf.reduce_any(self.understood != "")


def cond_wish(condition: tf.Tensor, true: Callable[[], Wish], false: Callable[[], Wish]) -> Wish:
    """Returns what `tf.cond` of two wishes does."""

    def flat(wish: Wish) -> tuple[tf.Tensor, ...]:
        return (*wish[:-1], *wish.things)

    text, rest, understood, low, high, brand, *things = tf.cond(condition, lambda: flat(true()), lambda: flat(false()))
    return Wish(text, rest, understood, low, high, brand, NamedThings(*things))
