"""What each word of a query adds to the score of a product."""

import tensorflow as tf

from serving.index.exact import RetrievalIndex, vectors_or_zeros
from serving.index.lexical import LexicalIndex
from serving.reasons.reasons import in_order
from serving.search.query_embedder import QueryEmbedder
from serving.search.ranking import Fusion
from serving.search.reading import QueryReader

# Words of which it is said what they mean; each costs one text more to encode.
MAX_EXPLAINED_WORDS = 32


class WordExplanation(tf.Module):
    """Takes a score apart.

    Args:
        embedder: Makes the queries' vectors.
        index: The texts' vectors.
        lexical: The texts' words.
        reader: Reads queries.
        fusion: How both sides are combined.
    """

    def __init__(
        self, embedder: QueryEmbedder, index: RetrievalIndex, lexical: LexicalIndex, reader: QueryReader, fusion: Fusion
    ) -> None:
        super().__init__(name="word_explanation")
        self._embedder, self._index, self._lexical, self._fusion = embedder, index, lexical, fusion
        self._reader = reader

    def of(self, query: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Explains the score of one text for each query.

        The words that add or take most come first, by both sides together. The pairs of neighbours that the product's
        text has next to each other are among them, joined. Of a query's words, the first `MAX_EXPLAINED_WORDS` are
        spoken of, and others that the text has. `lexical` sums to the lexical part of the score. `dense` is what the
        dense part loses without the word, 0 for pairs; what the best texts add by feedback is no word's. Columns past a
        row's words, and all words where there is no text, are "" and 0.

        Args:
            query: string `(batch,)`.
            text: int32 `(batch,)` rows of texts; -1 for none.

        Returns:
            words string, lexical float32 and dense float32, each `(batch, width)`.
        """
        read = self._reader.words(self._reader.beginning(query))
        plain, asked = read.typed, self._reader.ask(read)
        words = tf.concat([plain, read.unspaced, read.joined], axis=1).to_tensor("")
        lexical = self._lexical.word_scores(asked, text).to_tensor(0.0) * self._fusion.lexical
        dense = self._dense_losses(read.meant[:, :MAX_EXPLAINED_WORDS].to_tensor(""), read.strange, text)
        dense = tf.pad(dense, [[0, 0], [0, tf.shape(words)[1] - tf.shape(dense)[1]]])
        column = tf.range(tf.shape(words, tf.int64)[1])
        spoken_of = (column < MAX_EXPLAINED_WORDS) | (lexical != 0.0)
        is_pair = column >= plain.row_lengths()[:, tf.newaxis]
        shown = (text >= 0)[:, tf.newaxis] & tf.where(is_pair, lexical != 0.0, spoken_of)
        words, lexical, dense = tf.where(shown, words, ""), tf.where(shown, lexical, 0.0), tf.where(shown, dense, 0.0)
        ordered = in_order(words, tf.abs(lexical + dense), words, lexical, dense)
        return dict(zip(("words", "lexical", "dense"), ordered, strict=True))

    def _dense_losses(self, words: tf.Tensor, strange: tf.Tensor, text: tf.Tensor) -> tf.Tensor:
        """Returns what the dense score loses without each of the words, string `(batch, width)`; 0 for ""."""
        rows, width = tf.unstack(tf.shape(words))
        left_out = tf.eye(width, dtype=tf.bool)
        without = tf.strings.reduce_join(tf.where(left_out, "", words[:, tf.newaxis, :]), axis=2, separator=" ")
        whole = tf.strings.reduce_join(words, axis=1, separator=" ")[:, tf.newaxis]
        # Whatever is left of a query is read by what reads all of it.
        vectors, _ = self._embedder.embed(
            tf.reshape(tf.concat([whole, without], axis=1), [-1]), tf.repeat(strange, width + 1)
        )
        vectors = tf.reshape(vectors, [rows, width + 1, -1])
        scores = self._fusion.dense * tf.einsum("bwd,bd->bw", vectors, vectors_or_zeros(self._index, text))
        return tf.where(words == "", 0.0, scores[:, :1] - scores[:, 1:])
