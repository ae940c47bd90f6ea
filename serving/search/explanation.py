"""What each word of a query adds to the score of a product."""

from typing import Any

import tensorflow as tf

from serving.graph.reasons import in_order
from serving.graph.words import index_words, plain_words, unspaced_pairs
from serving.index.exact import RetrievalIndex, vectors_or_zeros
from serving.index.lexical import LexicalIndex
from serving.search.ranking import Fusion
from serving.search.reading import MAX_QUERY_WORDS, beginning

# Words that are spoken of; each costs one text more to encode.
MAX_EXPLAINED_WORDS = 32


class WordExplanation(tf.Module):
    """Takes a score apart.

    Args:
        embedder: Makes the queries' vectors.
        index: The texts' vectors.
        lexical: The texts' words.
        fusion: How both sides are combined.
    """

    def __init__(self, embedder: Any, index: RetrievalIndex, lexical: LexicalIndex, fusion: Fusion) -> None:
        super().__init__(name="word_explanation")
        self._embedder, self._index, self._lexical, self._fusion = embedder, index, lexical, fusion

    def of(self, query: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Explains the score of one text for each query.

        The words that add or take most come first, by both sides together. In scripts without spaces, the pairs of
        neighbours that the product's text has are among them. `lexical` sums to the lexical part of the score, unless a
        query has more words than `MAX_EXPLAINED_WORDS`. `dense` is what the dense part loses without the word, 0 for
        pairs. Columns past a row's words, and all words where there is no text, are "" and 0.

        Args:
            query: string `(batch,)`.
            text: int32 `(batch,)` rows of texts; -1 for none.

        Returns:
            words string, lexical float32 and dense float32, each `(batch, width)`.
        """
        every = plain_words(beginning(query))
        plain = every[:, :MAX_EXPLAINED_WORDS]
        words = tf.concat([plain, unspaced_pairs(plain)], axis=1).to_tensor("")
        word_ids = self._lexical.word_ids(index_words(plain))
        asked = self._lexical.word_ids(index_words(every[:, :MAX_QUERY_WORDS]))
        shares = tf.math.divide_no_nan(self._fusion.lexical, self._lexical.rarity(asked))
        lexical = self._lexical.word_scores(word_ids, text).to_tensor(0.0) * shares[:, tf.newaxis]
        dense = self._dense_losses(plain.to_tensor(""), text)
        dense = tf.pad(dense, [[0, 0], [0, tf.shape(words)[1] - tf.shape(dense)[1]]])
        is_pair = tf.range(tf.shape(words, tf.int64)[1]) >= plain.row_lengths()[:, tf.newaxis]
        shown = (text >= 0)[:, tf.newaxis] & ~(is_pair & (lexical == 0.0))
        words, lexical, dense = tf.where(shown, words, ""), tf.where(shown, lexical, 0.0), tf.where(shown, dense, 0.0)
        ordered = in_order(words, tf.abs(lexical + dense), words, lexical, dense)
        return dict(zip(("words", "lexical", "dense"), ordered, strict=True))

    def _dense_losses(self, words: tf.Tensor, text: tf.Tensor) -> tf.Tensor:
        """Returns what the dense score loses without each of the words, string `(batch, width)`; 0 for ""."""
        rows, width = tf.unstack(tf.shape(words))
        left_out = tf.eye(width, dtype=tf.bool)
        without = tf.strings.reduce_join(tf.where(left_out, "", words[:, tf.newaxis, :]), axis=2, separator=" ")
        whole = tf.strings.reduce_join(words, axis=1, separator=" ")[:, tf.newaxis]
        vectors, _ = self._embedder.embed(tf.reshape(tf.concat([whole, without], axis=1), [-1]))
        vectors = tf.reshape(vectors, [rows, width + 1, -1])
        scores = self._fusion.dense * tf.einsum("bwd,bd->bw", vectors, vectors_or_zeros(self._index, text))
        return tf.where(words == "", 0.0, scores[:, :1] - scores[:, 1:])
