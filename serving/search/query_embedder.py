"""Reads queries by a fast tower, and those with words that it never saw by the encoder that taught it."""

from typing import Any

import tensorflow as tf

from serving.graph.words import plain_words, singular_words
from serving.index.lexical import LexicalIndex
from serving.search.reading import MAX_QUERY_WORDS


class QueryEmbedder(tf.Module):
    """Embeds each query by the tower that reads it best.

    A tower for queries has learned them from a catalogue's own words. What else a shopper types, such as a brand that
    the shop does not call its products by, only the full encoder understands: a query with a word that no text of the
    catalogue has is read by it. Each query is judged by itself, whatever the others of its batch are.

    Args:
        tower: The fast one; its `embed` is what `serving.graph.text_embedder.TextEmbedder` says.
        full: The one that taught it, likewise.
        lexical: The catalogue's words.
    """

    def __init__(self, tower: Any, full: Any, lexical: LexicalIndex) -> None:
        super().__init__(name="query_embedder")
        self._tower, self._full, self._lexical = tower, full, lexical

    def embed(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns vectors float32 `(batch, dimensions)`, and bool `(batch,)` whether any part of each text is known.

        Args:
            texts: string `(batch,)`.
        """
        read = self._tower.embed(texts)
        rows = tf.where(self._lexical.lacks(singular_words(plain_words(texts)[:, :MAX_QUERY_WORDS])))

        def read_again() -> tuple[tf.Tensor, ...]:
            better = self._full.embed(tf.gather(texts, rows[:, 0]))
            return tuple(tf.tensor_scatter_nd_update(old, rows, new) for old, new in zip(read, better, strict=True))

        vectors, known = tf.cond(tf.size(rows) > 0, read_again, lambda: tuple(read))
        return vectors, known
