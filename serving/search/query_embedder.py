"""Reads queries by a fast tower, and those with words that no product has by the encoder that taught it."""

from typing import Any

import tensorflow as tf


class QueryEmbedder(tf.Module):
    """Embeds each query by the tower that reads it best.

    A tower for queries has learned them from a catalogue's own words, and from those of the encoder's vocabulary. What
    else a shopper types, the full encoder understands better, and there nothing but meaning can help. Each query is
    judged by itself, whatever the others of its batch are.

    Args:
        tower: The fast one; its `embed` is what `serving.graph.text_embedder.TextEmbedder` says.
        full: The one that taught it, likewise; the same where no tower was taught.
    """

    def __init__(self, tower: Any, full: Any) -> None:
        super().__init__(name="query_embedder")
        self._tower, self._full = tower, full

    def embed(self, texts: tf.Tensor, strange: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns vectors float32 `(batch, dimensions)`, and bool `(batch,)` whether any part of each text is known.

        Args:
            texts: string `(batch,)`.
            strange: bool `(batch,)`: whether a text has a word that no product has.
        """
        read = self._tower.embed(texts)
        if self._tower is self._full:
            return tuple(read)

        def read_again() -> tuple[tf.Tensor, ...]:
            rows = tf.where(strange)
            better = self._full.embed(tf.gather(texts, rows[:, 0]))
            return tuple(tf.tensor_scatter_nd_update(old, rows, new) for old, new in zip(read, better, strict=True))

        vectors, known = tf.cond(tf.reduce_any(strange), read_again, lambda: tuple(read))
        return vectors, known
