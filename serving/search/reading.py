"""What a search gets out of the text of a query."""

from typing import Any, NamedTuple

import tensorflow as tf

from serving.graph.spelling import readable
from serving.graph.words import joined_pairs, plain_words, singular_words, unspaced_pairs
from serving.index.lexical import AskedWords, LexicalIndex
from serving.search.correction import SpellingCorrection
from serving.search.product_codes import NamedProducts, ProductCodes

# Of a longer query the beginning is read.
MAX_QUERY_CHARACTERS = 1_000
MAX_QUERY_WORDS = 64


class ReadQuery(NamedTuple):
    """Queries as both sides understand them, and as codes.

    Attributes:
        vectors: float32 `(batch, dimensions)` of length 1.
        words: The words that texts are found by, as `LexicalIndex.ask` gives them.
        named: The products that the query is the id or SKU of.
        asks: bool `(batch,)`: whether a side knows a thing of it.
    """

    vectors: tf.Tensor
    words: AskedWords
    named: NamedProducts
    asks: tf.Tensor


class QueryReader(tf.Module):
    """Reads queries.

    Args:
        embedder: Makes the queries' vectors; see `serving.graph.text_embedder.TextEmbedder`.
        lexical: Knows the catalogue's words.
        correction: Knows how they are spelt.
        codes: Knows the products' ids and SKUs.
    """

    def __init__(
        self, embedder: Any, lexical: LexicalIndex, correction: SpellingCorrection, codes: ProductCodes
    ) -> None:
        super().__init__(name="query_reader")
        self._embedder, self._lexical, self._codes = embedder, lexical, codes
        self._correction = correction

    def read(self, query: tf.Tensor) -> ReadQuery:
        """Reads string `(batch,)` queries."""
        text = beginning(query)
        vectors, known = self._embedder.embed(text)
        words = plain_words(text)[:, :MAX_QUERY_WORDS]
        asked = self.ask(words)
        # Punctuation is known to most encoders, but asks for nothing.
        asks = (words.row_lengths() > 0) & (known | self._lexical.knows(asked))
        return ReadQuery(vectors, asked, self._codes.find(text), asks)

    def ask(self, words: Any) -> AskedWords:
        """Returns what the lexical side looks up for ragged string `(batch, words)` of `plain_words`."""
        return self._lexical.ask(*self.words_and_pairs(words))

    def words_and_pairs(self, words: Any) -> tuple[Any, Any]:
        """Returns the words that the lexical side looks up, and the pairs.

        The former are one for each of the words, those spelt wrong corrected, and then the pairs of neighbours of
        scripts without spaces. The latter are pairs of neighbours of other scripts, joined.
        """
        corrected = self._correction.correct(singular_words(words))
        return tf.concat([corrected, unspaced_pairs(words)], axis=1), joined_pairs(corrected)


def beginning(query: tf.Tensor) -> tf.Tensor:
    """Returns the part of string `(batch,)` queries that is read, as `serving.graph.spelling.readable` gives it."""
    return tf.strings.substr(readable(query), 0, MAX_QUERY_CHARACTERS, unit="UTF8_CHAR")
