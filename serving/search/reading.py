"""What a search gets out of the text of a query."""

from typing import Any, NamedTuple

import tensorflow as tf

from serving.graph.spelling import readable
from serving.graph.words import index_words, plain_words
from serving.index.lexical import LexicalIndex
from serving.search.product_codes import NamedProducts, ProductCodes

# Of a longer query the beginning is read.
MAX_QUERY_CHARACTERS = 1_000
MAX_QUERY_WORDS = 64


class ReadQuery(NamedTuple):
    """Queries as both sides understand them, and as codes.

    Attributes:
        vectors: float32 `(batch, dimensions)` of length 1.
        word_ids: Ragged int32 `(batch, words)`, as `LexicalIndex.word_ids` gives them.
        rarity: float32 `(batch,)`: the sum of the words' inverse document frequencies.
        named: The products that the query is the id or SKU of.
        asks: bool `(batch,)`: whether a side knows a thing of it.
    """

    vectors: tf.Tensor
    word_ids: Any
    rarity: tf.Tensor
    named: NamedProducts
    asks: tf.Tensor


class QueryReader(tf.Module):
    """Reads queries.

    Args:
        embedder: Makes the queries' vectors; see `serving.graph.text_embedder.TextEmbedder`.
        lexical: Knows the catalogue's words.
        codes: Knows the products' ids and SKUs.
    """

    def __init__(self, embedder: Any, lexical: LexicalIndex, codes: ProductCodes) -> None:
        super().__init__(name="query_reader")
        self._embedder, self._lexical, self._codes = embedder, lexical, codes

    def read(self, query: tf.Tensor) -> ReadQuery:
        """Reads string `(batch,)` queries."""
        text = beginning(query)
        vectors, known = self._embedder.embed(text)
        words = plain_words(text)[:, :MAX_QUERY_WORDS]
        word_ids = self.word_ids(words)
        rarity = self._lexical.rarity(word_ids)
        # Punctuation is known to most encoders, but asks for nothing.
        asks = (words.row_lengths() > 0) & (known | (rarity > 0.0))
        return ReadQuery(vectors, word_ids, rarity, self._codes.find(text), asks)

    def word_ids(self, words: Any) -> Any:
        """Returns what the lexical side looks up for ragged string `(batch, words)` of `plain_words`.

        A correction of words spelt wrong has its place here: only the lexical side sees them.
        """
        return self._lexical.word_ids(index_words(words))


def beginning(query: tf.Tensor) -> tf.Tensor:
    """Returns the part of string `(batch,)` queries that is read, as `serving.graph.spelling.readable` gives it."""
    return tf.strings.substr(readable(query), 0, MAX_QUERY_CHARACTERS, unit="UTF8_CHAR")
