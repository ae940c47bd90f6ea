"""Chinese words of a catalogue by how they are typed in Latin letters: niunai, or niu nai, for 牛奶."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from serving.graph.spelling import folded, readable
from serving.graph.words import plain_words, singular_words
from serving.index.lexical import Postings
from serving.search.correction import word_hashes
from trainer.search.index.shoppers_words import ShoppersWords

# One syllable is written with too many characters to say which is meant.
_LENGTHS = range(2, 7)
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{2,}")
_MOST_WORDS = 200_000
_TEXTS_AT_ONCE = 8192

# Gives a run of Chinese characters a syllable each.
Reading = Callable[[str], Sequence[str]]


def learn_pinyin(
    texts: Sequence[str],
    postings: Postings,
    known: npt.NDArray[np.int64],
    reading: Reading,
) -> dict[str, str]:
    """Returns the Chinese words of texts by their pinyin, as `serving.search.synonyms.SynonymReader` wants them.

    A word is a run of two to six characters, whether or not a dictionary has it. Its pinyin is written in one word, of
    two syllables also in two. Of words that sound alike the one that most texts have counts. What a text has, or the
    encoder knows, in Latin letters is no pinyin. Memory grows with the distinct runs of all texts.

    Args:
        texts: Titles and what else products are called.
        postings: The catalogue's words.
        known: Hashes of the words that the encoder has whole, rising.
        reading: Gives a run of Chinese characters a syllable each, without tones.
    """
    counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for text in _spelled(texts):
        counts.update({word for run in _CHINESE.findall(text) for word in _words(run, reading(run))})
    names: dict[str, str] = {}
    for word, syllables in sorted(counts, key=lambda word: (-counts[word], word))[:_MOST_WORDS]:
        for typed in ("".join(syllables), *([" ".join(syllables)] if len(syllables) == 2 else [])):
            names.setdefault(typed, " ".join(word))
    if not names:
        return {}
    typed_words = singular_words(plain_words(tf.constant(list(names))))
    keys = tf.strings.reduce_join(typed_words, axis=1, separator=" ").numpy().tolist()
    of_catalogue, is_known = set(postings.words), np.isin(word_hashes(tf.constant(keys)).numpy(), known)
    return {
        key.decode(): name
        for key, name, stays in zip(keys, names.values(), is_known, strict=True)
        if not stays and key not in of_catalogue
    }


def with_pinyin(
    vocabulary: ShoppersWords,
    catalogue: pa.Table,
    postings: Postings,
    known: npt.NDArray[np.int64],
    reading: Reading | None,
) -> ShoppersWords:
    """Returns a vocabulary with the pinyin of what products, brands and categories are called.

    Args:
        vocabulary: What shoppers type beside the catalogue's words.
        catalogue: Columns title, brand and category.
        postings: As `learn_pinyin`.
        known: Likewise.
        reading: Likewise; None adds nothing.
    """
    if reading is None:
        return vocabulary
    columns = (pc.unique(catalogue[name].combine_chunks()).to_pylist() for name in ("title", "brand", "category"))
    pinyin = learn_pinyin([text for column in columns for text in column if text], postings, known, reading)
    return vocabulary._replace(synonyms={**pinyin, **vocabulary.synonyms})


def _words(run: str, syllables: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    # A character that has no reading comes back as it is, together with its like beside it.
    if len(syllables) != len(run):
        return
    for length in _LENGTHS:
        for start in range(len(run) - length + 1):
            yield run[start : start + length], tuple(syllables[start : start + length])


def _spelled(texts: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        batch = tf.constant(list(texts[start : start + _TEXTS_AT_ONCE]), tf.string)
        yield from (text.decode() for text in folded(readable(batch)).numpy().tolist())
