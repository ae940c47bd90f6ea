"""One number of a user's behaviour: what it is called, and how it is told to people."""

from typing import Literal, NamedTuple

import tensorflow as tf

Unit = Literal["money", "count", "decayed count", "days", "share", "ratio"]
# Digits after the point.
_DECIMALS = {"money": 2, "count": 0, "decayed count": 1, "days": 0}


class BehaviourNumber(NamedTuple):
    """A number of each user.

    Attributes:
        name: What it says.
        unit: What it counts.
        value: float32 `(batch,)`, as a model reads it: shares are between 0 and 1, ratios are logarithms, and all else
            is the logarithm of one more.
    """

    name: str
    unit: Unit
    value: tf.Tensor


def told(value: tf.Tensor, unit: Unit, came: tf.Tensor) -> tf.Tensor:
    """Returns what people read, string `(batch,)`.

    Args:
        value: float32 `(batch,)`, as in `BehaviourNumber`.
        unit: Its unit.
        came: bool `(batch,)`; the days since visits of a user who never came are no number.
    """
    if unit == "share":
        return tf.strings.join([tf.as_string(100.0 * value, precision=0), "%"])
    if unit == "ratio":
        return tf.strings.join([tf.as_string(tf.exp(value), precision=1), " times"])
    text = tf.as_string(tf.math.expm1(value), precision=_DECIMALS[unit])
    return tf.where(came, text, "none") if unit == "days" else text
