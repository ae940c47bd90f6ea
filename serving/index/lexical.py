"""Words to texts by BM25, as postings in plain TensorFlow ops that stock TF Serving runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.lookup import IdLookup
from serving.graph.words import LINKING_WORDS, masked, rows_of

# What a pair of a query's neighbours counts, where a text has them next to each other or as one word, beside a word of
# the same rarity. Learned on queries that people asked of a hardware shop (NDCG@10 on half of its training queries:
# 0.433 without pairs, 0.437 at a quarter, 0.434 at a half, 0.426 at one).
PAIR_WEIGHT = 0.25
# What the words of a text count that lacks the kind of thing that a query asks for; see docs/design/0051-kinds.md.
OTHER_KIND = 0.7


@dataclass(frozen=True, kw_only=True)
class Postings:
    """For each word the texts that have it, and how much of it they have.

    Attributes:
        words: Distinct words, UTF-8.
        row_splits: int64 `(words + 1,)`: the postings of word w are `row_splits[w]` to `row_splits[w + 1]`.
        texts: int32 `(postings,)`, rising within a word.
        saturation: float32 `(postings,)`, between 0 and 1: what BM25 makes of its count in a text of that length.
        rarity: float32 `(words,)`: how much each word counts.
        joined: bool `(words,)`: whether texts have it only as two words that follow each other.
        kinds: bool `(words,)`: whether it is what texts call kinds of things; see `trainer.search.index.kinds`.
        unknown_rarity: How much a word counts that no text has.
        size: Texts in the catalogue.
    """

    words: Sequence[bytes]
    row_splits: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int32]
    saturation: npt.NDArray[np.float32]
    rarity: npt.NDArray[np.float32]
    joined: npt.NDArray[np.bool_]
    kinds: npt.NDArray[np.bool_]
    unknown_rarity: float
    size: int


class AskedWords(NamedTuple):
    """The words of queries, in any order.

    Attributes:
        ids: int32 `(words,)`; -1 for an unknown one.
        weights: float32, one for each of them: how much it counts.
        kinds: bool, likewise: whether it is the kind of thing that its query asks for.
        rows: int64, likewise: the query that has it.
        queries: int64 scalar: how many queries there are.
    """

    ids: tf.Tensor
    weights: tf.Tensor
    kinds: tf.Tensor
    rows: tf.Tensor
    queries: tf.Tensor


class LexicalIndex(tf.Module):
    """Scores texts by the words that a query shares with them.

    Memory and time of a query grow with the postings of its words, and with the catalogue: two numbers a text.

    Args:
        postings: What `trainer.search.index.postings.build_postings` made.
    """

    def __init__(self, postings: Postings) -> None:
        super().__init__(name="lexical_index")
        self.size = postings.size
        self._words = IdLookup(postings.words, what="word")
        # The last row is that of unknown words: no postings.
        self._unknown = len(postings.words)
        row_splits = np.append(postings.row_splits, postings.row_splits[-1])
        rarity = np.append(postings.rarity, np.float32(postings.unknown_rarity))
        self._row_splits = tf.Variable(row_splits, trainable=False, name="row_splits")
        self._texts = tf.Variable(postings.texts, trainable=False, name="texts")
        self._saturation = tf.Variable(postings.saturation, trainable=False, name="saturation")
        self._rarity = tf.Variable(rarity, trainable=False, name="rarity")
        self._kinds = tf.Variable(np.append(postings.kinds, False), trainable=False, name="kinds")
        self._links = IdLookup([word.encode() for word in LINKING_WORDS], what="linking word")

    def ask(self, words: Any, pairs: Any | None = None, unspaced: Any | None = None) -> AskedWords:
        """Looks words up.

        A word counts as much as it is rare; one that no text has counts too, so that what is left of a query counts for
        less. Pairs count `PAIR_WEIGHT` of that, and nothing where no text has them. The last kind before what it is for
        or with is what is asked for: soup in "chicken soup for my kids".

        Args:
            words: Ragged string `(batch, words)`; a word that is there twice counts twice.
            pairs: Ragged string `(batch, pairs)`: `joined_pairs` of them.
            unspaced: Ragged string `(batch, any number)`: `unspaced_pairs` of them, which count as words do.
        """
        parts = [part for part in (words, unspaced, pairs) if part is not None]
        # One after the other, not by rows: to put ragged rows together takes longer than all else here.
        word = tf.concat([part.flat_values for part in parts], axis=0)
        ids = self._words.index_of(word)
        weights = tf.gather(self._rarity, self._row_of(ids))
        if pairs is not None:
            is_pair = tf.range(tf.size(word)) >= tf.size(word) - tf.size(pairs.flat_values)
            weights = tf.where(is_pair, tf.where(ids >= 0, PAIR_WEIGHT * weights, 0.0), weights)
        kinds = self._kinds_asked_for(words, ids[: tf.size(words.flat_values)])
        kinds = tf.pad(kinds, [[0, tf.size(word) - tf.size(kinds)]])
        return AskedWords(ids, weights, kinds, tf.concat([rows_of(part) for part in parts], axis=0), words.nrows())

    def lacks(self, words: tf.Tensor) -> tf.Tensor:
        """Returns whether no text has each of string `words`, bool like them."""
        return self._words.index_of(words) < 0

    def knows(self, asked: AskedWords) -> tf.Tensor:
        """Returns whether any text has a word of each query, bool `(batch,)`."""
        return tf.math.unsorted_segment_sum(tf.cast(asked.ids >= 0, tf.int32), asked.rows, asked.queries) > 0

    def scores(self, asked: AskedWords) -> tf.Tensor:
        """Returns the score of every text, float32 `(batch, size)` from 0 to 1; 0 where no word is shared.

        It is the share of the query that a text has, by the words' weights and BM25's saturation, times the share that
        it has at all: half of a query is worth a quarter, so that a rare word does not win alone. A text without the
        kind that is asked for has `OTHER_KIND` of that: where no text has both, a soup is nearer than a chicken.
        """
        batch, owner = asked.queries, asked.rows
        places = self._postings_of(self._row_of(asked.ids))
        word = rows_of(places)
        weights = tf.gather(asked.weights * tf.gather(self._shares(asked), owner), word)
        target = tf.gather(owner, word) * self.size + tf.cast(tf.gather(self._texts, places.flat_values), tf.int64)
        # A sum by segment of what is gathered, not a scatter: it is the faster of the two on a CPU.
        found = tf.math.unsorted_segment_sum(
            weights * tf.gather(self._saturation, places.flat_values), target, batch * self.size
        )
        covered = tf.math.unsorted_segment_sum(weights, target, batch * self.size)
        scores = tf.reshape(found * covered, [batch, self.size])

        def by_kind() -> tf.Tensor:
            (there,) = masked(tf.gather(asked.kinds, word), target)
            has = tf.math.unsorted_segment_sum(tf.ones_like(there, tf.int32), there, batch * self.size)
            asks = tf.math.unsorted_segment_sum(tf.cast(asked.kinds, tf.int32), owner, batch) > 0
            lacks = asks[:, tf.newaxis] & (tf.reshape(has, [batch, self.size]) == 0)
            return tf.where(lacks, OTHER_KIND * scores, scores)

        return tf.cond(tf.reduce_any(asked.kinds), by_kind, lambda: scores)

    def counts(self, words: tf.Tensor, rows: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """Returns how many of some words each text has, int32 `(size, texts)`.

        Args:
            words: string `(words,)`, those of a row distinct.
            rows: int64 `(words,)`: the row of each, under `size`.
            size: int64 scalar: rows.
        """
        places = self._postings_of(self._row_of(self._words.index_of(words)))
        owner = tf.gather(rows, rows_of(places))
        target = owner * self.size + tf.cast(tf.gather(self._texts, places.flat_values), tf.int64)
        counts = tf.math.unsorted_segment_sum(tf.ones_like(target, tf.int32), target, size * self.size)
        return tf.reshape(counts, [size, self.size])

    def word_scores(self, asked: AskedWords, text: tf.Tensor) -> Any:
        """Returns what each word adds to the score of one text a row; together that is its score.

        Args:
            asked: What `ask` returned.
            text: int32 `(batch,)` rows of texts; under 0 for none.

        Returns:
            Ragged float32 `(batch, words)`: of each query the words, then the unspaced pairs, then the pairs.
        """
        owner = asked.rows
        wanted = tf.gather(text, owner)
        places = self._postings_of(self._row_of(asked.ids))
        word = rows_of(places)
        same = tf.equal(tf.gather(self._texts, places.flat_values), tf.gather(wanted, word))
        found = tf.where(same, tf.gather(self._saturation, places.flat_values), 0.0)
        weights = asked.weights * tf.gather(self._shares(asked), owner)
        found = tf.math.unsorted_segment_sum(found, word, places.nrows())
        added, covered = weights * found, tf.where(found > 0.0, weights, 0.0)
        covered = tf.math.unsorted_segment_sum(covered, owner, asked.queries)
        lacked = tf.math.unsorted_segment_sum(tf.cast(asked.kinds & (found == 0.0), tf.int32), owner, asked.queries)
        covered = tf.where(lacked > 0, OTHER_KIND * covered, covered)
        by_row = tf.argsort(owner, stable=True)
        added = tf.gather(added * tf.gather(covered, owner), by_row)
        return tf.RaggedTensor.from_value_rowids(added, tf.gather(owner, by_row), asked.queries, validate=False)

    def _kinds_asked_for(self, words: Any, ids: tf.Tensor) -> tf.Tensor:
        """Returns whether each of all words is the kind that its query asks for, bool `(words,)`; see `ask`."""
        rows, size, places = rows_of(words), words.nrows(), tf.range(tf.size(ids))
        links = tf.where(self._links.index_of(words.flat_values) >= 0, places, tf.size(ids))
        before = places < tf.gather(tf.math.unsorted_segment_min(links, rows, size), rows)
        kinds = tf.where(before & tf.gather(self._kinds, self._row_of(ids)), places, -1)
        return tf.equal(places, tf.gather(tf.math.unsorted_segment_max(kinds, rows, size), rows))

    def _shares(self, asked: AskedWords) -> tf.Tensor:
        """Returns what the weights of each query are multiplied by to sum to 1, float32 `(batch,)`."""
        total = tf.math.unsorted_segment_sum(asked.weights, asked.rows, asked.queries)
        return tf.math.divide_no_nan(1.0, total)

    def _postings_of(self, word: tf.Tensor) -> Any:
        return tf.ragged.range(tf.gather(self._row_splits, word), tf.gather(self._row_splits, word + 1))

    def _row_of(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.where(ids >= 0, ids, self._unknown)
