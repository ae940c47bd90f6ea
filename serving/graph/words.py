"""Texts into words, in plain TensorFlow ops, the same for products and for queries."""

from typing import Any

import tensorflow as tf

from serving.graph.spelling import folded, readable

# A letter, mark or digit of a script written without spaces between words: each is a word, and so is each pair of
# neighbours. It is a class of code points because Python's `re`, which reads it too, knows no scripts.
UNSPACED_CHARACTER = (
    "["
    "\u0e01-\u0edf"  # Thai, Lao.
    "\u1000-\u109d\ua9e0-\ua9fe\uaa60-\uaa7f"  # Myanmar.
    "\u1780-\u17e9"  # Khmer.
    "\u1100-\u11ff\u302e\u302f\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb\uffa0-\uffdc"  # Hangul.
    # Hiragana, Katakana. Unicode counts the long vowel mark of コーヒー to no script.
    "\u3041-\u3096\u309d-\u30ff\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d\U0001aff0-\U0001b167"
    "\u3005\u303b\u3400-\u9fff\uf900-\ufad9\U00016fe3\U00016ff0\U00016ff1\U00020000-\U000323af"  # Han.
    "]"
)
# What turns into letters or digits in normal form and must not run into its neighbours: Lego™, 1½, ㎏.
_SPELLED_OUT = r"[\p{So}\p{No}]"
_FRACTION_SLASH = "\N{FRACTION SLASH}"
# Sizes such as 1/2 and 3.5 stay whole; letters and digits that touch, as in 12in or XR500, are two words.
# Without a group of its own: what is found is then put in by \0, six times as fast as by \1.
_WORD = r"\p{Nd}+(?:[./]\p{Nd}+)*|[\p{L}\p{M}]+"
# Marks where a word begins; no text has it, as control characters have become spaces.
_BEGIN = "\x01"
_BETWEEN_WORDS = f"(^| )[^{_BEGIN}]*{_BEGIN}?"
# What a query asks for ends before these: cookies in "cookies for my kids".
LINKING_WORDS = ("for", "with", "in", "to", "from", "that", "which", "on", "at", "by", "please")
# The S stemmer, which only takes plurals back, with -es (Harman, "How effective is suffixing?", JASIS 1991).
_PLURALS = (
    (r"^([a-z]*[^ae])ies$", r"\1y"),
    (r"^([a-z]+(?:ss|x|zz|ch|sh))es$", r"\1"),
    (r"^([a-z]+[^us])s$", r"\1"),
    # The first rule cannot know that cookies is not of the kind of cities, so cookie follows it.
    (r"^([a-z]+)ie$", r"\1y"),
)


def split_words(texts: tf.Tensor) -> Any:
    """Splits texts into the words that products are found by.

    Args:
        texts: string `(batch,)`.

    Returns:
        Ragged string `(batch, words)`: `index_words` of `plain_words`.
    """
    return index_words(plain_words(texts))


def plain_words(texts: tf.Tensor) -> Any:
    """Splits texts into lower-case words without accents, in their order.

    Numbers and letters are words of their own, and ½ is 1/2. In scripts without spaces words are single characters.
    What is neither letter nor digit separates words.

    Args:
        texts: string `(batch,)`; bytes that are not UTF-8 separate words too.

    Returns:
        Ragged string `(batch, words)`; an empty row for a text without any word.
    """
    texts = tf.strings.regex_replace(readable(texts), _SPELLED_OUT, r" \0 ")
    texts = folded(texts)
    texts = tf.strings.regex_replace(texts, _FRACTION_SLASH, "/")
    texts = tf.strings.regex_replace(texts, UNSPACED_CHARACTER, r" \0 ")
    # Marked first and cleared between the marks: a mask over the pieces would be a hundred nodes of the graph.
    marked = tf.strings.regex_replace(texts, _WORD, rf"{_BEGIN}\0 ")
    return split(tf.strings.regex_replace(marked, _BETWEEN_WORDS, " "))


def index_words(words: Any) -> Any:
    """Returns what stands for words in an index: ragged string `(batch, words)`, as many or more than there were.

    Plurals are taken back to the singular. After all words come the pairs of neighbours that are both of a script
    without spaces.

    Args:
        words: What `plain_words` returned.
    """
    return tf.concat([singular_words(words), unspaced_pairs(words)], axis=1)


def singular_words(words: Any) -> Any:
    """Returns ragged string `(batch, words)` of the same shape, with plurals taken back to the singular.

    Args:
        words: What `plain_words` returned.
    """
    return words.with_flat_values(_singular(words.flat_values))


def _singular(words: tf.Tensor) -> tf.Tensor:
    # Texts repeat their words: each is looked at once.
    distinct, places = tf.unique(words)
    for plural, singular in _PLURALS:
        distinct = tf.strings.regex_replace(distinct, plural, singular)
    return tf.gather(distinct, places)


def unspaced_pairs(words: Any) -> Any:
    """Returns each two words that follow each other and are both of a script without spaces, joined."""
    return _pairs(words, tf.strings.regex_full_match(words.flat_values, UNSPACED_CHARACTER))


def joined_pairs(words: Any) -> Any:
    """Returns each two words of letters that follow each other, joined: lightbulb for light bulb.

    Args:
        words: What `singular_words` returned. Words of one letter, and of scripts without spaces, make no pairs.
    """
    word = words.flat_values
    long_enough = tf.strings.length(word, unit="UTF8_CHAR") > 1
    return _pairs(words, long_enough & tf.strings.regex_full_match(word, r"[\p{L}\p{M}]+"))


def _pairs(words: Any, suitable: tf.Tensor) -> Any:
    word, row = words.flat_values, rows_of(words)
    firsts = tf.where(suitable[:-1] & suitable[1:] & tf.equal(row[:-1], row[1:]))[:, 0]
    pairs = tf.strings.join([tf.gather(word, firsts), tf.gather(word, firsts + 1)])
    return tf.RaggedTensor.from_value_rowids(pairs, tf.gather(row, firsts), words.nrows(), validate=False)


def rows_of(ragged: Any) -> tf.Tensor:
    """Returns the row of each flat value of a ragged tensor, int64: `value_rowids` by a tenth of the ops."""
    splits = ragged.row_splits
    return tf.searchsorted(splits, tf.range(splits[-1]), side="right", out_type=tf.int64) - 1


def split(texts: tf.Tensor, separator: str = "") -> Any:
    """Splits string `(batch,)` as `tf.strings.split` does, by a third of the ops; ragged string `(batch, pieces)`."""
    pieces = tf.raw_ops.StringSplitV2(input=texts, sep=separator)
    splits = tf.searchsorted(pieces.indices[:, 0], tf.range(tf.size(texts, tf.int64) + 1), out_type=tf.int64)
    return tf.RaggedTensor.from_row_splits(pieces.values, splits, validate=False)


def joined(words: Any, separator: str = " ") -> tf.Tensor:
    """Joins the words of each row, as `tf.strings.reduce_join` does, by a fifth of the ops.

    Args:
        words: Ragged string `(batch, words)`.
        separator: What stands between words.

    Returns:
        string `(batch,)`; "" for a row without words.
    """
    rows = tf.size(words.row_splits, tf.int64) - 1
    return tf.strings.unsorted_segment_join(words.flat_values, rows_of(words), rows, separator)


def masked(flags: tf.Tensor, *values: tf.Tensor) -> list[tf.Tensor]:
    """Returns those of values `(n, ...)` whose bool `(n,)` flag is true; a quarter of the ops of `tf.boolean_mask`."""
    places = tf.where(flags)[:, 0]
    return [tf.gather(each, places) for each in values]


def any_in_row(ragged: Any, flags: tf.Tensor) -> tf.Tensor:
    """Returns whether any of bool flags, one for each flat value, is true in each row, bool `(batch,)`."""
    return tf.math.unsorted_segment_sum(tf.cast(flags, tf.int32), rows_of(ragged), ragged.nrows()) > 0
