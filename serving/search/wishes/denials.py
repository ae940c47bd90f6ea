"""What texts say they are without, in plain TensorFlow ops."""

from typing import Any

import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.words import rows_of
from serving.search.wishes.facts import WishFacts


class Denials(tf.Module):
    """Knows the texts that say they are without something, as in sugar free.

    Args:
        facts: What is known of the products.
        size: How many texts there are.
    """

    def __init__(self, facts: WishFacts, size: int) -> None:
        super().__init__(name="denials")
        self._size = size
        self._words = IdLookup(list(facts.denied), what="denied word")
        self._splits = tf.Variable(facts.denied_splits, trainable=False, name="denied_splits")
        self._texts = tf.Variable(facts.denied_texts, trainable=False, name="denied_texts")

    def known(self, words: tf.Tensor) -> tf.Tensor:
        """Returns whether any text says that it is without each of string `words`, bool like them."""
        return self._words.index_of(words) >= 0

    def counts(self, words: Any, count: tf.Tensor) -> tf.Tensor:
        """Returns how many of the words of each thing texts say they are without, int32 `(things, texts)`.

        Args:
            words: Ragged string `(things, words)`, in the singular.
            count: int64 scalar: how many things there are.
        """
        known = self._words.index_of(words.flat_values)
        # Of an unknown word the range is empty.
        starts = tf.gather(self._splits, tf.maximum(known, 0))
        stops = tf.where(known >= 0, tf.gather(self._splits, tf.minimum(known + 1, tf.size(self._splits) - 1)), starts)
        texts = tf.ragged.range(starts, stops)
        owner = tf.gather(rows_of(words), rows_of(texts))
        target = owner * self._size + tf.cast(tf.gather(self._texts, texts.flat_values), tf.int64)
        found = tf.math.unsorted_segment_sum(tf.ones_like(target, tf.int32), target, count * self._size)
        return tf.reshape(found, [count, self._size])
