"""Texts spelled in one way before anything cuts them into words, in plain TensorFlow ops."""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_text as tf_text

# Spaces of Unicode's class Z other than U+0020, which French and Japanese write for example, and the control characters
# that `unicode_transcode` leaves.
_SPACES = r"[\x{7F}-\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
# The soft hyphen, joiners, signs of direction and other characters of no width: the original BERT drops them too.
_UNSEEN = r"[\x{AD}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}]"
# Marks that go with letters of any script, which are those of Latin, Greek and Cyrillic ones. Marks that only one
# script has are no accents: vowels in Thai and Hindi, and what tells が from か.
_ACCENTS = r"[\x{300}-\x{36F}\x{1AB0}-\x{1AFF}\x{1DC0}-\x{1DFF}\x{20D0}-\x{20FF}\x{FE20}-\x{FE2F}]+"
# Letters that are typed without their stroke or with a dot, and that Unicode does not take apart.
_PLAIN_LETTERS = (("ł", "l"), ("đ", "d"), ("ø", "o"), ("ı", "i"))
_HAS_CHINESE = r"(?s).*[\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}].*"
# Two lines, which `tools/simplified_chinese.py` has written.
_SIMPLIFIED_FILE = Path(__file__).with_name("simplified.txt")


class _Characters(NamedTuple):
    """Code points, int32 `(characters,)`: traditional Chinese characters, rising, and the simplified ones."""

    traditional: npt.NDArray[np.int32]
    simplified: npt.NDArray[np.int32]


def readable(texts: tf.Tensor) -> tf.Tensor:
    """Returns texts as UTF-8 in which every space is U+0020, and nothing is without width.

    Control characters, line breaks among them, and bytes that are not UTF-8 become spaces. To a tokenizer of BERT any
    other space would be a letter, and so would U+FFFD, the usual replacement: the words around it would be unknown.

    Args:
        texts: string of any shape.
    """
    texts = tf.strings.unicode_transcode(
        texts, "UTF-8", "UTF-8", errors="replace", replacement_char=ord(" "), replace_control_characters=True
    )
    return tf.strings.regex_replace(tf.strings.regex_replace(texts, _SPACES, " "), _UNSEEN, "")


def folded(texts: tf.Tensor) -> tf.Tensor:
    """Returns readable texts in lower case, in normal form NFKC and without accents: Crème is creme, ﬁ fi, and ½ 1⁄2.

    Chinese characters are the simplified ones. Accents are those of Latin, Greek and Cyrillic letters. Marks that only
    other scripts have stay, since they tell words apart.

    Args:
        texts: string of any shape.
    """
    texts = tf_text.normalize_utf8(tf_text.case_fold_utf8(texts), "NFD")
    texts = tf.strings.regex_replace(texts, _ACCENTS, "")
    for letter, plain in _PLAIN_LETTERS:
        texts = tf.strings.regex_replace(texts, letter, plain)
    return simplified(tf_text.normalize_utf8(texts, "NFKC"))


def simplified(texts: tf.Tensor) -> tf.Tensor:
    """Returns UTF-8 texts with the simplified Chinese character for each traditional one.

    One character becomes one, as OpenCC has it where nothing is known of the words around it.

    Args:
        texts: string of any shape.
    """

    def converted() -> tf.Tensor:
        characters = _characters()
        codes = tf.strings.unicode_decode(tf.reshape(texts, [-1]), "UTF-8")
        given = codes.flat_values
        place = tf.minimum(tf.searchsorted(characters.traditional, given), len(characters.traditional) - 1)
        found = tf.equal(tf.gather(characters.traditional, place), given)
        codes = codes.with_flat_values(tf.where(found, tf.gather(characters.simplified, place), given))
        return tf.reshape(tf.strings.unicode_encode(codes, "UTF-8"), tf.shape(texts))

    return tf.cond(tf.reduce_any(tf.strings.regex_full_match(texts, _HAS_CHINESE)), converted, lambda: texts)


@functools.cache
def traditional_characters() -> frozenset[str]:
    """Returns the characters that `simplified` changes."""
    return frozenset(map(chr, _characters().traditional.tolist()))


@functools.cache
def _characters() -> _Characters:
    lines = _SIMPLIFIED_FILE.read_text(encoding="utf-8").splitlines()
    return _Characters(*(np.array([ord(character) for character in line], np.int32) for line in lines))


def as_vocabulary(
    texts: tf.Tensor,
    *,
    lowercase: bool,
    strip_accents: bool,
    hangul_syllables: bool = False,
    simplified_chinese: bool = False,
) -> tf.Tensor:
    """Returns texts in the spelling of a BERT's vocabulary.

    Letters are made small and not folded: the vocabularies of BERTs have ß and the sigma at the end of Greek words.
    Normal form NFKC goes before that, as it makes capitals of its own, and before accents, since it composes what
    decomposition took apart: Korean letters would become syllables again, which an uncased BERT's vocabulary lacks.

    Args:
        texts: string `(batch,)`.
        lowercase: Whether the vocabulary is in lower case.
        strip_accents: Whether it has no marks, whatever their script: the original BERT takes all of Mn off.
        hangul_syllables: Whether it has Korean syllables nevertheless, and not their letters.
        simplified_chinese: Whether it has no traditional Chinese characters.
    """
    texts = readable(texts)
    if simplified_chinese:
        texts = simplified(texts)
    if lowercase:
        texts = tf.strings.lower(tf_text.normalize_utf8(texts, "NFKC"), encoding="utf-8")
    if strip_accents:
        texts = tf.strings.regex_replace(tf_text.normalize_utf8(texts, "NFD"), r"\p{Mn}+", "")
    composed = hangul_syllables or not strip_accents
    return tf_text.normalize_utf8(texts, "NFC") if composed else texts
