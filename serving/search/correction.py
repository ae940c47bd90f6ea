"""Words of a query that are spelt wrong, corrected against the catalogue's own words in plain TensorFlow ops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.answers import text_variable
from serving.graph.edit_distance import edit_distances
from serving.graph.words import masked

# A word from so many letters on may have one letter wrong, and from so many on two.
ONE_WRONG_FROM, TWO_WRONG_FROM = 4, 7
MOST_LETTERS = 24
_LETTERS = r"\p{L}+"
# Hashes of words are below this.
_HASHES = 2**62
# Odd numbers without a pattern, which letters and places are multiplied by modulo 2^64.
_LETTER, _PLACE = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
# Parts of the number that orders candidates: which word, and before that how often it is there.
_WORD_BITS, _FREQUENCY_BITS = 24, 30
_NO_CANDIDATE = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """What words are corrected to, and by which parts they are found.

    Attributes:
        words: Distinct words of 3 to `MOST_LETTERS` letters that others are corrected to, UTF-8.
        frequency: int64 `(words,)`: in how many texts each is.
        keys: int64 `(entries,)`, rising: `letter_keys` of what is left of each word without one or two letters.
        entries: int32 `(entries,)`: the word of each key.
        right: int64 `(any number,)`, rising: `word_hashes` of all words that are right as they are.
    """

    words: Sequence[bytes]
    frequency: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    entries: npt.NDArray[np.int32]
    right: npt.NDArray[np.int64]


class CheckedWords(NamedTuple):
    """Words of queries after their spelling was looked at.

    Attributes:
        words: Ragged string `(batch, words)`: right words in place of wrong ones.
        corrected: bool, one for each of them: whether it was put in place of another.
    """

    words: Any
    corrected: tf.Tensor


class SpellingCorrection(tf.Module):
    """Puts the nearest word of the catalogue in place of a word that is spelt wrong.

    Only letters are corrected, never a word with a digit in it, nor scripts without spaces. A word of 4 letters or
    more may have one wrong, and of 7 or more two: too few, too many, another, or two neighbours exchanged (the optimal
    string alignment distance). A shorter word keeps its first letter, or has it exchanged with the second: a brand that
    the shop lacks is otherwise too near to an unlike word (windex and index). Of the words that are equally near, one
    with the same first letter wins, and then the most frequent. Words that are near share what is left when letters are
    taken out of both (Garbe, "1000x faster spelling correction algorithm", 2012), so a few look-ups of hashes find
    them. Hashes that happen to be equal do no harm, since every distance is worked out.

    Memory: 12 bytes for each key, of which a word of n letters has n + 1, and from 7 letters on (n² + n + 2) / 2.

    Args:
        corrections: What `trainer.search.index.corrections.build_corrections` made.
    """

    def __init__(self, corrections: Corrections) -> None:
        super().__init__(name="spelling_correction")
        self._any = len(corrections.words) > 0
        self._words = text_variable(corrections.words, "words")
        self._frequency = tf.Variable(corrections.frequency, trainable=False, name="frequency")
        self._keys = tf.Variable(corrections.keys, trainable=False, name="keys")
        self._entries = tf.Variable(corrections.entries, trainable=False, name="entries")
        # One more, which no hash is, so that what is looked for always has a place.
        self._right = tf.Variable(np.append(corrections.right, _HASHES), trainable=False, name="right")

    def check(self, words: Any) -> CheckedWords:
        """Looks at each word's spelling.

        Args:
            words: Ragged string `(batch, words)`, as an index holds them: `serving.graph.words.index_words`.
        """
        word = words.flat_values
        hashes = word_hashes(word)
        right = tf.convert_to_tensor(self._right)
        place = tf.searchsorted(right, hashes)
        unknown = tf.gather(right, place) != hashes
        better = word
        if self._any:
            better = tf.cond(tf.reduce_any(unknown), lambda: self._corrected(word, unknown), lambda: word)
        return CheckedWords(words.with_flat_values(better), better != word)

    def _corrected(self, word: tf.Tensor, unknown: tf.Tensor) -> tf.Tensor:
        wrong = tf.where(unknown & of_letters(word, ONE_WRONG_FROM))
        letters, lengths = _letters(tf.gather(word, wrong[:, 0]))
        allowed = allowed_distance(lengths)
        owner, candidate = self._candidates(letters, lengths, allowed)
        letters_of_candidates, lengths_of_candidates = _letters(tf.gather(self._words, candidate))
        asked = tf.gather(letters, owner)
        distance = edit_distances(asked, tf.gather(lengths, owner), letters_of_candidates, lengths_of_candidates)
        other_beginning = asked[:, 0] != letters_of_candidates[:, 0]
        exchanged = tf.reduce_all(asked[:, :2] == letters_of_candidates[:, 1::-1], axis=1)
        rank = 2 * tf.cast(distance, tf.int64) + tf.cast(other_beginning, tf.int64)
        rarity = 2**_FREQUENCY_BITS - tf.gather(self._frequency, candidate)
        order = (rank * 2 ** (_FREQUENCY_BITS + 1) + rarity) * 2**_WORD_BITS + tf.cast(candidate, tf.int64)
        near = distance <= tf.gather(allowed, owner)
        near &= ~other_beginning | exchanged | (tf.gather(lengths, owner) >= TWO_WRONG_FROM)
        order = tf.where(near, order, _NO_CANDIDATE)
        best = tf.math.unsorted_segment_min(order, owner, tf.shape(lengths)[0])
        best, wrong = masked(best < _NO_CANDIDATE, best, wrong)
        return tf.tensor_scatter_nd_update(word, wrong, tf.gather(self._words, best % 2**_WORD_BITS))

    def _candidates(self, letters: tf.Tensor, lengths: tf.Tensor, allowed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns pairs of a wrong word and a word that may be near, each once; int32 `(pairs,)` both."""
        powers, taken_out, last = _variants()
        variants = tf.matmul(_letter_values(letters), tf.constant(powers), transpose_b=True)
        there = (tf.constant(taken_out) <= allowed[:, tf.newaxis]) & (tf.constant(last) < lengths[:, tf.newaxis])
        variant = tf.where(there)
        owner, wanted = variant[:, 0], tf.gather_nd(variants, variant)
        keys = tf.convert_to_tensor(self._keys)
        places = tf.ragged.range(
            tf.searchsorted(keys, wanted), tf.searchsorted(keys, wanted, side="right"), row_splits_dtype=tf.int32
        )
        owner = tf.repeat(owner, places.row_lengths())
        # A word is found by several keys.
        candidate = tf.cast(tf.gather(self._entries, places.flat_values), tf.int64)
        pairs, _ = tf.unique(owner * 2**_WORD_BITS + candidate)
        return tf.cast(pairs // 2**_WORD_BITS, tf.int32), tf.cast(pairs % 2**_WORD_BITS, tf.int32)


def of_letters(words: tf.Tensor, fewest: int) -> tf.Tensor:
    """Returns whether string `words` are of `fewest` to `MOST_LETTERS` letters alone.

    From 3 letters on they are of scripts with spaces, since an index has the others one by one or in pairs.
    """
    # Counted, as a pattern of so many letters is a very large automaton.
    lengths = tf.strings.length(words, unit="UTF8_CHAR")
    return tf.strings.regex_full_match(words, _LETTERS) & (lengths >= fewest) & (lengths <= MOST_LETTERS)


def allowed_distance(lengths: Any) -> Any:
    """Returns how many letters of words of so many letters may be wrong: 0, 1 or 2; an int32 tensor like `lengths`."""
    return tf.cast(lengths >= ONE_WRONG_FROM, tf.int32) + tf.cast(lengths >= TWO_WRONG_FROM, tf.int32)


def word_hashes(words: tf.Tensor) -> tf.Tensor:
    """Returns int64 hashes of string `words`, the same in every process."""
    return tf.strings.to_hash_bucket_fast(words, _HASHES)


def letter_keys(letters: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Returns a key for each row of letters, int64 `(rows,)`, by which the graph finds it.

    Args:
        letters: int32 `(rows, length)`, code points.
    """
    with np.errstate(over="ignore"):
        values = (letters.astype(np.int64) + 1) * _as_int64(_LETTER)
        return values @ _powers(letters.shape[1])


def _letters(words: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns code points int32 `(words, MOST_LETTERS)`, 0 past the end, and lengths int32 `(words,)`."""
    letters = tf.strings.unicode_decode(words, "UTF-8")
    return letters.to_tensor(0, shape=[None, MOST_LETTERS]), tf.cast(letters.row_lengths(), tf.int32)


def _letter_values(letters: tf.Tensor) -> tf.Tensor:
    values = (tf.cast(letters, tf.int64) + 1) * _as_int64(_LETTER)
    return tf.where(letters > 0, values, 0)


def _variants() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Returns, for each way to take out up to two letters, powers of places, how many are out, and the last of them."""
    places = np.arange(MOST_LETTERS)
    ways = [(), *((place,) for place in places), *((first, last) for last in places for first in places[:last])]
    powers = np.zeros((len(ways), MOST_LETTERS), np.int64)
    for row, way in zip(powers, ways, strict=True):
        kept = np.setdiff1d(places, np.array(way, np.int64))
        row[kept] = _powers(len(kept))
    return (
        powers,
        np.array([len(way) for way in ways], np.int32),
        np.array([max(way, default=-1) for way in ways], np.int32),
    )


def _powers(count: int) -> npt.NDArray[np.int64]:
    with np.errstate(over="ignore"):
        factors = np.full(count, _as_int64(_PLACE), np.int64)
        factors[:1] = 1
        return np.cumprod(factors, dtype=np.int64)


def _as_int64(value: int) -> np.int64:
    return np.uint64(value).astype(np.int64)
