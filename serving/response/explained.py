"""What the features of an impression are without one of them, or without a word of the text that was shown."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from serving.graph.answers import text_variable, texts_at
from serving.response.words import ItemWords

Features = Mapping[str, tf.Tensor]


def without_each(features: Features) -> dict[str, tf.Tensor]:
    """Returns features `(batch, …)` once without each of them: `(batch, ways, …)`.

    A way each hides a number, a category, then all vectors, and last the item's id. No position is told.
    """
    widths = [features[name].shape[1] for name in ("numbers", "categories")]
    ways = sum(widths) + 2
    parts = tf.split(tf.eye(ways, dtype=tf.bool), [*widths, 1, 1], axis=1)

    def without(name: str, part: tf.Tensor, missing: Any) -> tf.Tensor:
        values = tf.repeat(features[name][:, None], ways, axis=1)
        part = part[None] if values.shape.rank == 3 else part[None, :, 0]
        return tf.where(part, tf.cast(missing, values.dtype), values)

    return {
        "numbers": without("numbers", parts[0], np.nan),
        "categories": without("categories", parts[1], 0),
        "vectors": without("vectors", parts[2], 0.0),
        "item": without("item", parts[3], 0),
        "position": tf.zeros([tf.shape(features["item"])[0], ways], tf.int32),
    }


def joined(first: Features, second: Features) -> dict[str, tf.Tensor]:
    """Returns the ways of two, one after the other."""
    return {name: tf.concat([each, second[name]], axis=1) for name, each in first.items()}


class ExplainedWords(tf.Module):
    """The words of the items' texts, in the graph; the place after the last is that of an unknown item.

    Args:
        words: Of all items.
    """

    def __init__(self, words: ItemWords) -> None:
        super().__init__(name="explained_words")
        _, self._most, self._width = words.vectors.shape
        names = [b'word "%s"' % word if word else b"" for word in words.words.ravel()]
        self._names = text_variable([*names, *[b""] * self._most], "words")
        # A variable, as a graph must not be larger than 2 GiB.
        nothing = np.zeros((1, self._most, self._width), np.float32)
        self._vectors = tf.Variable(np.concatenate([words.vectors, nothing]), trainable=False)

    def names(self, items: tf.Tensor) -> tf.Tensor:
        """Returns the words of items at their places, int32 `(batch,)`: string `(batch, words)`, "" for none."""
        return texts_at(self._names, items[:, None] * self._most + tf.range(self._most)[None, :])

    def without_each(self, features: Features, items: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns features `(batch, …)` once without each word: `(batch, words, …)`; the text's vector comes last."""
        repeated = {name: tf.repeat(each[:, None], self._most, axis=1) for name, each in features.items()}
        left = repeated["vectors"][:, :, : -self._width]
        return {**repeated, "vectors": tf.concat([left, tf.gather(self._vectors, items)], axis=2)}
