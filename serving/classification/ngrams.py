"""A text as hashed n-grams of its words and of their characters, in plain TensorFlow ops."""

from typing import Any, NamedTuple

import tensorflow as tf

from serving.graph.spelling import folded
from serving.graph.words import UNSPACED_CHARACTER, rows_of

# Words, pairs of words, and in scripts without spaces runs of characters.
_WORDS, _UNSPACED_CHARACTERS = (1, 2), (3,)
_CHARACTERS = (3, 4, 5)
MOST_UNITS = max(*_WORDS, *_UNSPACED_CHARACTERS)
# A hash is a polynomial of the parts' codes modulo a Mersenne prime, so that no product leaves 64 bits.
_PRIME = 2**31 - 1
_BASE = 1_103_515_245
_MIXER = 1_664_525_021
# A sign or a symbol says something too: a word of its own. So does each character of a script without spaces.
_SIGN = r"[\p{P}\p{S}]"
_BEFORE_WORD, _AFTER_WORD = "<", ">"


class NGrams(NamedTuple):
    """The n-grams of texts, each field `(n_grams,)`; one that a text has twice stands here twice.

    Attributes:
        buckets: int64, hashes.
        rows: int64, the text of each.
        starts: int64, the first of its units, the words and signs that texts are cut into.
        lengths: int64, how many units it covers, up to `MOST_UNITS`.
        words: int64 `(units,)`: the written word that each unit is of.
    """

    buckets: tf.Tensor
    rows: tf.Tensor
    starts: tf.Tensor
    lengths: tf.Tensor
    words: tf.Tensor


def ngrams_of(words: Any, buckets: int) -> NGrams:
    """Returns the n-grams of texts.

    They are words and pairs of neighbours, in scripts without spaces also runs of three characters, and runs
    of three to five characters within a word, its ends marked. Case and accents do not count.

    Args:
        words: Ragged string `(batch, words)`, texts as `serving.reasons.phrases.written_words` cuts them.
        buckets: How many hashes there are.
    """
    units = _units(words.flat_values)
    word = rows_of(units)
    row = tf.gather(rows_of(words), word)
    text = units.flat_values
    unspaced = tf.strings.regex_full_match(text, UNSPACED_CHARACTER)
    codes = tf.strings.to_hash_bucket_fast(text, _PRIME)
    # No run of these goes on where a word of another script stands.
    unspaced_row = tf.where(unspaced, row, -1 - tf.range(tf.size(row, tf.int64)))
    found = [_runs(codes, row, length, buckets) for length in _WORDS]
    found += [_runs(codes, unspaced_row, length, buckets) for length in _UNSPACED_CHARACTERS]
    lengths = [*_WORDS, *_UNSPACED_CHARACTERS]
    long = tf.where(~unspaced & (tf.strings.length(text, unit="UTF8_CHAR") > 1))[:, 0]
    marked = tf.strings.join([_BEFORE_WORD, tf.gather(text, long), _AFTER_WORD])
    characters = tf.strings.unicode_decode(marked, "UTF-8")
    unit = rows_of(characters)
    for length in _CHARACTERS:
        hashes, firsts = _runs(tf.cast(characters.flat_values, tf.int64), unit, length, buckets, _MIXER)
        found.append((hashes, tf.gather(long, tf.gather(unit, firsts))))
        lengths.append(1)
    starts = tf.concat([start for _, start in found], axis=0)
    counts = [tf.fill(tf.shape(start), tf.constant(n, tf.int64)) for n, (_, start) in zip(lengths, found, strict=True)]
    return NGrams(
        buckets=tf.concat([hashes for hashes, _ in found], axis=0),
        rows=tf.gather(row, starts),
        starts=starts,
        lengths=tf.concat(counts, axis=0),
        words=word,
    )


def _units(words: tf.Tensor) -> Any:
    spaced = tf.strings.regex_replace(folded(words), f"{UNSPACED_CHARACTER}|{_SIGN}", r" \0 ")
    return tf.strings.split(spaced)


def _runs(codes: tf.Tensor, rows: tf.Tensor, length: int, buckets: int, salt: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the hash of each run of so many codes of one row, and its place; both int64 `(runs,)`."""
    count = tf.maximum(tf.size(codes) - length + 1, 0)
    hashes = tf.fill([count], tf.constant(salt + length, tf.int64))
    together = tf.fill([count], True)
    for offset in range(length):
        hashes = tf.math.floormod(hashes * _BASE + codes[offset : offset + count], _PRIME)
        together &= tf.equal(rows[offset : offset + count], rows[:count])
    firsts = tf.where(together)[:, 0]
    mixed = tf.math.floormod(tf.gather(hashes, firsts) * _MIXER, _PRIME)
    return tf.math.floormod(mixed, buckets), firsts
