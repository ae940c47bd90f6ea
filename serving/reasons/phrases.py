"""The words of a text as phrases, with what they add to an answer, in plain TensorFlow ops."""

from typing import Any, NamedTuple

import tensorflow as tf

from serving.graph.words import rows_of
from serving.reasons.reasons import Reasons, strongest_first

# Chinese characters: a BERT's tokenizer takes each for a word, and no space stands between them.
_IDEOGRAPH = r"[\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2CEAF}\x{2F800}-\x{2FA1F}]"
# What says nothing by itself; an emoji, of class So, does.
_SIGNS = r"[\p{P}\p{Sm}\p{Sc}\p{Sk}]+"
# What encloses words, dashes, and what stands between clauses; but not the % of 50%.
_ENCLOSING = r"""[\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Pd}\p{Pc}.,;:!?"'*/\\…¡¿、。，；：！？·•]+"""
_CLAUSE_END = r"""(?s).*[.,;:!?…、。，；：！？\p{Pe}][\p{Pe}\p{Pf}"'*]*"""
_CLAUSE_BEGINNING = r"(?s)\p{Ps}.*"
# Longer runs of words are cut: a whole sentence is no reason.
_MOST_WORDS = 4
# A word joins its neighbour if it adds at least this share of what the strongest word of the text adds.
_LEAST_SHARE = 0.1


class _Words(NamedTuple):
    """Words of all texts, one after another; each field `(words,)`.

    Attributes:
        texts: string, with the punctuation that touches a word.
        attributions: float32.
        rows: int64; the text of each.
        begins: bool; whether a clause begins with it.
        ends: bool; whether a clause ends with it.
    """

    texts: tf.Tensor
    attributions: tf.Tensor
    rows: tf.Tensor
    begins: tf.Tensor
    ends: tf.Tensor


def written_words(texts: tf.Tensor) -> Any:
    """Splits readable texts `(batch,)` where spaces are and around Chinese characters: ragged string `(batch, words)`.

    A BERT's tokenizer splits there too, so that the tokens of the words are those of the text.
    """
    return tf.strings.split(tf.strings.regex_replace(texts, _IDEOGRAPH, r" \0 "))


def in_phrases(words: Any, attributions: Any) -> Reasons:
    """Returns words as phrases, the strongest first; a text keeps the sum of what its words add.

    What a word of nothing but punctuation adds goes to the word before it, at a text's beginning to the one after it; a
    text of nothing else stays as it is. Neighbours are one phrase, of at most four words, where they pull the same way,
    both by a tenth of the text's strongest word or more, and no clause ends between them. Punctuation around a phrase
    is left out.

    Args:
        words: What `written_words` returned.
        attributions: Ragged float32 `(batch, words)`.
    """
    spoken = _spoken(words, attributions)
    begins = _begins(spoken, words.nrows())
    phrase, phrases = tf.cumsum(tf.cast(begins, tf.int64)) - 1, tf.math.count_nonzero(begins)
    texts = tf.strings.unsorted_segment_join(_spaced(spoken.texts, begins), phrase, phrases)
    bare = tf.strings.regex_replace(texts, f"^{_ENCLOSING}|{_ENCLOSING}$", "")
    texts = tf.where(bare == "", texts, bare)
    found = tf.math.unsorted_segment_sum(spoken.attributions, phrase, phrases)
    of_text = tf.boolean_mask(spoken.rows, begins)
    ragged = (
        tf.RaggedTensor.from_value_rowids(each, of_text, words.nrows(), validate=False) for each in (texts, found)
    )
    return strongest_first(*(each.to_tensor() for each in ragged))


def _spoken(words: Any, attributions: Any) -> _Words:
    """Returns the words that say something, those of signs alone merged into their neighbours."""
    texts, rows = words.flat_values, rows_of(words)
    speaks = ~tf.strings.regex_full_match(texts, _SIGNS)
    speaks |= ~tf.gather(_any(speaks, rows, words.nrows()), rows)
    spoken_texts, spoken_rows = tf.boolean_mask(texts, speaks), tf.boolean_mask(rows, speaks)
    # The last one that speaks up to each; at a text's beginning, before any does, the first of the text.
    last = tf.cumsum(tf.cast(speaks, tf.int64)) - 1
    first = tf.searchsorted(spoken_rows, rows, side="left", out_type=tf.int64)
    own, follows = tf.maximum(last, first), last >= first
    count = tf.size(spoken_rows, tf.int64)
    return _Words(
        texts=spoken_texts,
        attributions=tf.math.unsorted_segment_sum(attributions.flat_values, own, count),
        rows=spoken_rows,
        begins=tf.strings.regex_full_match(spoken_texts, _CLAUSE_BEGINNING),
        ends=_any(~speaks & follows, own, count) | tf.strings.regex_full_match(spoken_texts, _CLAUSE_END),
    )


def _begins(words: _Words, texts: tf.Tensor) -> tf.Tensor:
    """Says of each word whether a phrase begins with it, bool `(words,)`."""
    strength = tf.abs(words.attributions)
    strongest = tf.gather(tf.math.unsorted_segment_max(strength, words.rows, texts), words.rows)
    clear, way = strength >= _LEAST_SHARE * strongest, tf.sign(words.attributions)
    together = (
        tf.equal(words.rows[1:], words.rows[:-1])
        & tf.equal(way[1:], way[:-1])
        & clear[1:]
        & clear[:-1]
        & ~words.begins[1:]
        & ~words.ends[:-1]
    )
    begins = tf.concat([tf.ones_like(clear[:1]), ~together], axis=0)
    run, runs = tf.cumsum(tf.cast(begins, tf.int64)) - 1, tf.math.count_nonzero(begins)
    number = tf.range(tf.size(begins, tf.int64))
    place = number - tf.gather(tf.math.unsorted_segment_min(number, run, runs), run)
    length = tf.gather(tf.math.unsorted_segment_sum(tf.ones_like(run), run, runs), run)
    # Of a run that is too long come phrases of about the same length.
    phrases = (length + _MOST_WORDS - 1) // _MOST_WORDS
    return begins | tf.not_equal(place * phrases // length, (place - 1) * phrases // length)


def _any(true: tf.Tensor, segments: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    return tf.math.unsorted_segment_max(tf.cast(true, tf.int32), segments, count) > 0


def _spaced(texts: tf.Tensor, begins: tf.Tensor) -> tf.Tensor:
    """Puts a space before each word inside a phrase, but where a Chinese character touches the word before."""
    chinese = tf.strings.regex_full_match(texts, _IDEOGRAPH)
    before = tf.concat([tf.ones_like(chinese[:1]), chinese[:-1]], axis=0)
    return tf.strings.join([tf.where(begins | chinese | before, "", " "), texts])
