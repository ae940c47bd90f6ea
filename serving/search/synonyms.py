"""Words of a query that the catalogue does not have, read as what it calls the same thing, in plain TensorFlow ops."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from serving.graph.answers import text_variable
from serving.graph.lookup import IdLookup
from serving.graph.words import any_in_row, joined, rows_of, singular_words, split


class SynonymReader(tf.Module):
    """Puts the catalogue's own words in place of others for the same thing: diapers for nappies.

    Of two neighbours that are a name together, such as cling film, both are replaced. One look-up a word and a pair.

    Args:
        synonyms: What `trainer.search.index.synonyms.learn_synonyms` returned: nouns in the singular, with a space
            between two words, and what stands for each.
    """

    def __init__(self, synonyms: Mapping[str, str]) -> None:
        super().__init__(name="synonym_reader")
        # They are kept for the next catalogue.
        self.nouns = text_variable([noun.encode() for noun in synonyms], "nouns")
        self.names = text_variable([name.encode() for name in synonyms.values()], "names")
        self._nouns = IdLookup([noun.encode() for noun in synonyms], what="noun")

    def read(self, words: Any) -> tuple[Any, tf.Tensor]:
        """Returns the words to search for, and whether any of a row is another than was typed, bool `(batch,)`.

        Args:
            words: Ragged string `(batch, words)`, as `serving.graph.words.plain_words` gives them.
        """
        singular, row = singular_words(words).flat_values, rows_of(words)
        noun = self._nouns.index_of(singular)
        pair = self._nouns.index_of(tf.strings.join([singular[:-1], singular[1:]], separator=" "))
        pair = tf.pad(tf.where(tf.equal(row[:-1], row[1:]), pair, -1), [[0, 1]], constant_values=-1)[: tf.size(row)]
        # A word that ends one pair begins no other.
        begins = (pair >= 0) & ~_moved_on(pair >= 0)
        ends = _moved_on(begins)
        stands_for = tf.where(begins, pair, noun)
        changed = (stands_for >= 0) | ends

        def replaced() -> tuple[tf.Tensor, tf.Tensor]:
            read = tf.where(stands_for >= 0, tf.gather(self.names, tf.maximum(stands_for, 0)), words.flat_values)
            read = words.with_flat_values(tf.where(ends, "", read))
            # A name may be two words, and the second word of a pair is gone.
            again = split(joined(read))
            return again.flat_values, again.row_splits

        values, splits = tf.cond(tf.reduce_any(changed), replaced, lambda: (words.flat_values, words.row_splits))
        return tf.RaggedTensor.from_row_splits(values, splits, validate=False), any_in_row(words, changed)


def _moved_on(flags: tf.Tensor) -> tf.Tensor:
    """Returns whether the one before is true, of bool `(n,)`."""
    return tf.pad(flags, [[1, 0]])[:-1]
