"""Words of texts as numbers, and which of them can stand in a label."""

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from serving.graph.words import UNSPACED_CHARACTER, split_words

_TEXTS_AT_ONCE = 10_000
UNSPACED_PAIR = re.compile(UNSPACED_CHARACTER + "{2}")
_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"[\d./]+")
# A short word of which so large a share follows a number is a unit: 12 oz, 6 ct. In "phone 15 case" the word is long.
_UNIT_SHARE = 0.5
_UNIT_LETTERS = 3
# Too common in titles to name anything, and too rare in some catalogues for TF-IDF to say so. English only.
FUNCTION_WORDS = frozenset(
    re.split(" ", "a an and as at by for from in into no non not of on or other the to under over with")
)


@dataclasses.dataclass(frozen=True)
class TextWords:
    """All words of some texts, one after the other, in the order of the texts.

    Attributes:
        vocabulary: The distinct words, as `split_words` gives them.
        words: int64 `(occurrences,)`, places in the vocabulary.
        texts: int64 `(occurrences,)`, the text that each word is of, not decreasing.
    """

    vocabulary: list[str]
    words: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]

    def pairs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Returns the words that have a next one in their text, and the next ones: int64 `(pairs,)` twice."""
        same_text = self.texts[1:] == self.texts[:-1]
        return self.words[:-1][same_text], self.words[1:][same_text]

    def between(self, start: int, end: int) -> "TextWords":
        """Returns the words of the texts from `start` to before `end`, which keep their numbers."""
        kept = slice(*np.searchsorted(self.texts, [start, end]))
        return TextWords(self.vocabulary, self.words[kept], self.texts[kept])

    def written(self, forms: dict[str, str]) -> "TextWords":
        """Returns the words without the pairs of characters that are never beside each other in `written_forms`."""
        apart = [bool(UNSPACED_PAIR.fullmatch(word)) and word not in forms for word in self.vocabulary]
        kept = ~np.array(apart, np.bool_)[self.words]
        return TextWords(self.vocabulary, self.words[kept], self.texts[kept])


def read_text_words(texts: Sequence[str]) -> TextWords:
    """Splits texts into words."""
    words, lengths = [np.zeros(0, object)], [np.zeros(0, np.int64)]
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        split = split_words(tf.constant(list(texts[start : start + _TEXTS_AT_ONCE]), tf.string))
        words.append(split.flat_values.numpy())
        lengths.append(split.row_lengths().numpy())
    codes, vocabulary = pd.factorize(np.concatenate(words))
    text_numbers = np.repeat(np.arange(len(texts)), np.concatenate(lengths))
    return TextWords([word.decode() for word in vocabulary], codes.astype(np.int64), text_numbers)


def label_worth(words: TextWords) -> npt.NDArray[np.float64]:
    """Says how well each word can stand in a label: 1 if it can, 0 if it says nothing, between for a last resort.

    Words without letters, units (known by the numbers they follow) and English function words say nothing. Single
    characters are a last resort: in scripts without spaces the pairs of characters are there beside them. Two letters
    of another script are worth half, since they are abbreviations more often than TVs.

    Returns:
        float64 `(vocabulary,)`.
    """
    is_number = np.array([bool(_NUMBER.fullmatch(word)) for word in words.vocabulary], np.bool_)
    firsts, nexts = words.pairs()
    occurrences = np.bincount(words.words, minlength=len(words.vocabulary))
    after_numbers = np.bincount(nexts[is_number[firsts]], minlength=len(words.vocabulary))
    short = np.array([len(word) <= _UNIT_LETTERS for word in words.vocabulary], np.bool_)
    worth = np.where(short & (after_numbers > _UNIT_SHARE * occurrences), 0.0, 1.0)
    for place, word in enumerate(words.vocabulary):
        if word in FUNCTION_WORDS or not any(character.isalpha() for character in word):
            worth[place] = 0.0
        elif len(word) == 1:
            worth[place] *= 1e-6
        elif len(word) == 2 and not UNSPACED_PAIR.fullmatch(word):
            worth[place] *= 0.5
    return worth


def written_forms(texts: Sequence[str]) -> dict[str, str]:
    """Returns how a word of `split_words` is written most often in the texts, with its plural and its capitals.

    Words that are only ever parts of what is written are not in it, but for pairs of characters: they stay as they are,
    unless they are always apart, by a space for example.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_LETTERS.findall(unicodedata.normalize("NFKC", text)))
    forms = sorted(counts, key=lambda form: (-counts[form], form))
    split = read_text_words(forms)
    alone = np.bincount(split.texts, minlength=len(forms)) == 1
    written: dict[str, str] = {}
    for word, form in zip(split.words.tolist(), split.texts.tolist(), strict=True):
        if alone[form]:
            written.setdefault(split.vocabulary[word], forms[form])
        elif UNSPACED_PAIR.fullmatch(split.vocabulary[word]):
            written[split.vocabulary[word]] = split.vocabulary[word]
    return written
