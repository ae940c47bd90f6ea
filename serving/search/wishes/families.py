"""The words by which things in queries are known, in plain TensorFlow ops."""

from typing import Any

import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.words import joined, masked, rows_of
from serving.search.wishes.vocabulary import FOR_WHOM, HIDDEN_KINDS, KINDS


class Families(tf.Module):
    """Knows kinds of things and whom products are for by any of several words, and others by all their own."""

    def __init__(self) -> None:
        super().__init__(name="families")
        families = {**KINDS, **FOR_WHOM}
        self._names = IdLookup([name.encode() for name in families], what="kind")
        self._hidden = IdLookup([name.encode() for name in HIDDEN_KINDS], what="hidden kind")
        self._words = tf.ragged.constant([*families.values(), ()], dtype=tf.string)

    def are_kinds(self, words: tf.Tensor) -> tf.Tensor:
        """Returns whether each of string `words`, in the singular, is the name of a kind, bool like them."""
        return self._names.index_of(words) >= 0

    def are_hidden(self, words: tf.Tensor) -> tf.Tensor:
        """Returns whether each of string `words` is the name of a kind that titles do not tell of, bool like them."""
        return self._hidden.index_of(words) >= 0

    def of(self, words: Any, typed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns words, int64 the thing of each, and int32 `(things,)` how many of them a text must have.

        Args:
            words: Ragged string `(things, words)`, in the singular.
            typed: string `(things,)`.
        """
        place = self._names.index_of(joined(words))
        place = tf.where(place >= 0, place, self._names.index_of(typed))
        is_kind = place >= 0
        kinds = tf.gather(self._words, tf.where(is_kind, place, self._words.nrows(tf.int32) - 1))
        rows = rows_of(words)
        own_words, own_rows = masked(~tf.gather(is_kind, rows), words.flat_values, rows)
        return (
            tf.concat([kinds.flat_values, own_words], axis=0),
            tf.concat([rows_of(kinds), own_rows], axis=0),
            tf.where(is_kind, 1, tf.maximum(tf.cast(words.row_lengths(), tf.int32), 1)),
        )
