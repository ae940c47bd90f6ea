"""Rows of different lengths without the padding between them."""

from typing import Any

import tensorflow as tf


class Unpadding:
    """Takes the padding of a batch away, and puts it back.

    Attributes:
        rows: int32 `(tokens,)`, the row of each real token.
        columns: int32 `(tokens,)`, its column.

    Args:
        mask: bool `(batch, width)`, true for real tokens.
    """

    def __init__(self, mask: Any) -> None:
        self._batch, self._width = tf.unstack(tf.shape(mask))
        self._places = tf.cast(tf.where(tf.reshape(mask, [-1]))[:, 0], tf.int32)
        self.rows, self.columns = self._places // self._width, self._places % self._width
        # For each place of the batch its token among the real ones; padding repeats the first, which nobody reads.
        places = self._places[:, tf.newaxis]
        self._tokens = tf.scatter_nd(places, tf.range(tf.size(self._places)), [self._batch * self._width])

    def remove(self, padded: Any) -> Any:
        """Returns `(tokens, ...)` of `(batch, width, ...)`."""
        return tf.gather(tf.reshape(padded, [-1, *padded.shape[2:]]), self._places)

    def restore(self, tokens: Any) -> Any:
        """Returns `(batch, width, ...)` of `(tokens, ...)`; what stands in the padding means nothing."""
        return tf.reshape(tf.gather(tokens, self._tokens), [self._batch, self._width, *tokens.shape[1:]])
