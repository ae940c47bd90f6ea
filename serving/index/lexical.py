"""Words to products by BM25, as postings in plain TensorFlow ops that stock TF Serving runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.words import rows_of


@dataclass(frozen=True, kw_only=True)
class Postings:
    """For each word the products whose text has it, and what it adds to their score.

    Attributes:
        words: Distinct words, UTF-8.
        row_splits: int64 `(words + 1,)`: the postings of word w are `row_splits[w]` to `row_splits[w + 1]`.
        products: int32 `(postings,)`, rising within a word.
        weights: float32 `(postings,)`, above 0.
        rarity: float32 `(words,)`, the inverse document frequency of each word.
        size: Products in the catalogue.
    """

    words: Sequence[bytes]
    row_splits: npt.NDArray[np.int64]
    products: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    rarity: npt.NDArray[np.float32]
    size: int


class LexicalIndex(tf.Module):
    """Scores products by the words that a query shares with their text.

    Memory and time of a query grow with the postings of its words, and with the catalogue: one number a product.

    Args:
        postings: What `trainer.search.index.postings.build_postings` made.
    """

    def __init__(self, postings: Postings) -> None:
        super().__init__(name="lexical_index")
        self.size = postings.size
        self._words = IdLookup(postings.words, what="word")
        # The last row is that of unknown words: no postings, no rarity.
        self._unknown = len(postings.words)
        row_splits = np.append(postings.row_splits, postings.row_splits[-1])
        self._row_splits = tf.Variable(row_splits, trainable=False, name="row_splits")
        self._products = tf.Variable(postings.products, trainable=False, name="products")
        self._weights = tf.Variable(postings.weights, trainable=False, name="weights")
        self._rarity = tf.Variable(np.append(postings.rarity, np.float32(0.0)), trainable=False, name="rarity")

    def word_ids(self, words: Any) -> Any:
        """Returns ragged int32 `(batch, words)` for ragged words as `index_words` gives them; -1 for an unknown one."""
        return words.with_flat_values(self._words.index_of(words.flat_values))

    def scores(self, word_ids: Any) -> tf.Tensor:
        """Returns the BM25 score of every product, float32 `(batch, size)`; 0 where no word is shared.

        Args:
            word_ids: What `word_ids` returned; a word that is there twice counts twice.
        """
        word = self._row_of(word_ids.flat_values)
        places = self._postings_of(word)
        owner = tf.gather(rows_of(word_ids), rows_of(places))
        target = owner * self.size + tf.cast(tf.gather(self._products, places.flat_values), tf.int64)
        batch = word_ids.nrows()
        # A sum by segment of what is gathered, not a scatter: it is the faster of the two on a CPU.
        summed = tf.math.unsorted_segment_sum(tf.gather(self._weights, places.flat_values), target, batch * self.size)
        return tf.reshape(summed, [batch, self.size])

    def rarity(self, word_ids: Any) -> tf.Tensor:
        """Returns the sum of the inverse document frequencies of each query's known words, float32 `(batch,)`.

        It is above 0 for a query with a known word, and 0 for another.
        """
        rarity = tf.gather(self._rarity, self._row_of(word_ids.flat_values))
        return tf.math.unsorted_segment_sum(rarity, rows_of(word_ids), word_ids.nrows())

    def word_scores(self, word_ids: Any, product: tf.Tensor) -> Any:
        """Returns what each word adds to the score of one product a row.

        Args:
            word_ids: What `word_ids` returned.
            product: int32 `(batch,)` product indices; under 0 for none.

        Returns:
            Ragged float32 `(batch, words)`.
        """
        word = self._row_of(word_ids.flat_values)
        wanted = tf.gather(product, rows_of(word_ids))
        places = self._postings_of(word)
        owner = rows_of(places)
        same = tf.equal(tf.gather(self._products, places.flat_values), tf.gather(wanted, owner))
        found = tf.where(same, tf.gather(self._weights, places.flat_values), 0.0)
        return word_ids.with_flat_values(tf.math.unsorted_segment_sum(found, owner, places.nrows()))

    def _postings_of(self, word: tf.Tensor) -> Any:
        return tf.ragged.range(tf.gather(self._row_splits, word), tf.gather(self._row_splits, word + 1))

    def _row_of(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.where(ids >= 0, ids, self._unknown)
