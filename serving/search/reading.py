"""What a search gets out of the text of a query."""

from typing import Any, NamedTuple

import tensorflow as tf

from serving.disguises import undisguised
from serving.graph.spelling import readable
from serving.graph.words import (
    any_in_row,
    joined,
    joined_pairs,
    plain_words,
    rows_of,
    singular_words,
    unspaced_pairs,
)
from serving.index.lexical import AskedWords, LexicalIndex
from serving.search.correction import SpellingCorrection, of_letters
from serving.search.product_codes import NamedProducts, ProductCodes
from serving.search.query_embedder import QueryEmbedder
from serving.search.synonyms import SynonymReader

# Of a longer query the beginning is read.
MAX_QUERY_CHARACTERS = 1_000
MAX_QUERY_WORDS = 64
# Shorter ones are mostly units, or hold a sentence together.
SHORTEST_STRANGE_WORD = 3


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

    @classmethod
    def spec(cls) -> "ReadQuery":
        """Returns the kinds of its tensors, as `tf.function` takes them."""
        numbers, several = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None], tf.float32)
        rows, queries = tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)
        return cls(
            several,
            AskedWords(numbers, tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.bool), rows, queries),
            NamedProducts(tf.TensorSpec([None, None], tf.int32), several),
            tf.TensorSpec([None], tf.bool),
        )


class QueryWords(NamedTuple):
    """The words of queries.

    Attributes:
        typed: Ragged string `(batch, words)`, as `serving.graph.words.plain_words` gives them; for what the catalogue
            calls otherwise, its own words.
        meant: Ragged string, likewise, with those that are spelt wrong corrected.
        indexed: Ragged string: the same in the singular.
        unspaced: Ragged string: pairs of neighbours of scripts without spaces.
        joined: Ragged string: pairs of neighbours of other scripts, joined.
        text: string `(batch,)`: the query itself, or its words where one of them is another than was typed.
        strange: bool `(batch,)`: whether there is a word, of letters and no short one, that no text has.
    """

    typed: Any
    meant: Any
    indexed: Any
    unspaced: Any
    joined: Any
    text: tf.Tensor
    strange: tf.Tensor


class QueryReader(tf.Module):
    """Reads queries. Both sides see the words that the catalogue has for a thing, and words spelt right.

    Args:
        embedder: Makes the queries' vectors.
        lexical: Knows the catalogue's words.
        synonyms: Knows other words for the same.
        correction: Knows how they are spelt.
        codes: Knows the products' ids and SKUs.
        undisguises: Whether queries are read undisguised, as `beginning` says.
    """

    def __init__(
        self,
        embedder: QueryEmbedder,
        lexical: LexicalIndex,
        synonyms: SynonymReader,
        correction: SpellingCorrection,
        codes: ProductCodes,
        *,
        undisguises: bool = False,
    ) -> None:
        super().__init__(name="query_reader")
        self._embedder, self._lexical, self._codes = embedder, lexical, codes
        self._synonyms, self._correction = synonyms, correction
        self._undisguises = undisguises

    def beginning(self, query: tf.Tensor) -> tf.Tensor:
        """Returns the part of string `(batch,)` queries that is read, undisguised where that is asked for.

        `undisguised` would have AAA batteries for AA ones too: a query is read so only where then fewer of its letters
        are in words that no text has, or stand alone.
        """
        text = beginning(query)
        if not self._undisguises:
            return text
        plain = undisguised(text)
        return tf.cond(
            tf.reduce_any(plain != text),
            lambda: tf.where(self._lost_letters(plain) < self._lost_letters(text), plain, text),
            lambda: text,
        )

    def read(self, text: tf.Tensor) -> ReadQuery:
        """Reads string `(batch,)` queries as `beginning` gives them."""
        words = self.words(text)
        vectors, known = self._embedder.embed(words.text, words.strange)
        asked = self.ask(words)
        # Punctuation is known to most encoders, but asks for nothing.
        asks = (words.typed.row_lengths() > 0) & (known | self._lexical.knows(asked))
        return ReadQuery(vectors, asked, self._codes.find(text), asks)

    def ask(self, words: QueryWords) -> AskedWords:
        """Returns what texts are found by."""
        return self._lexical.ask(words.indexed, words.joined, words.unspaced)

    def vectors(self, query: tf.Tensor) -> tf.Tensor:
        """Returns what string `(batch,)` queries mean, float32 `(batch, dimensions)` of length 1."""
        words = self.words(self.beginning(query))
        vectors, _ = self._embedder.embed(words.text, words.strange)
        return vectors

    def words(self, text: tf.Tensor) -> QueryWords:
        """Returns the words of string `(batch,)` queries as `beginning` gives them."""
        typed, renamed = self._synonyms.read(plain_words(text)[:, :MAX_QUERY_WORDS])
        right, corrected = self._correction.check(singular_words(typed))
        # A plural that is right stays one.
        meant = typed.with_flat_values(tf.where(corrected, right.flat_values, typed.flat_values))

        changed = renamed | any_in_row(typed, corrected)
        strange = self._lexical.lacks(right.flat_values) & of_letters(right.flat_values, SHORTEST_STRANGE_WORD)

        def changed_text() -> tf.Tensor:
            return tf.where(changed, joined(meant), text)

        return QueryWords(
            typed,
            meant,
            right,
            unspaced_pairs(typed),
            joined_pairs(right),
            tf.cond(tf.reduce_any(changed), changed_text, lambda: text),
            any_in_row(typed, strange),
        )

    def _lost_letters(self, text: tf.Tensor) -> tf.Tensor:
        """Returns how many letters of string `(batch,)` queries are in words that find nothing, int32 `(batch,)`."""
        words = singular_words(plain_words(text))
        letters = tf.strings.length(words.flat_values, unit="UTF8_CHAR")
        lost = self._lexical.lacks(words.flat_values) | (letters < 2)
        return tf.math.unsorted_segment_sum(tf.where(lost, letters, 0), rows_of(words), words.nrows())


def beginning(query: tf.Tensor) -> tf.Tensor:
    """Returns the part of string `(batch,)` queries that is read, as `serving.graph.spelling.readable` gives it."""
    return tf.strings.substr(readable(query), 0, MAX_QUERY_CHARACTERS, unit="UTF8_CHAR")
