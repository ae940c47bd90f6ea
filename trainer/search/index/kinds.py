"""Which words of a catalogue are what it calls kinds of things."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from serving.graph.spelling import folded, readable
from serving.graph.words import LINKING_WORDS, plain_words, singular_words
from serving.index.lexical import Postings
from serving.search.correction import of_letters

# Of the phrases that have a word so many end with it: in the demo 0.9 for soup, 0.7 for candy and 0.2 for paper.
_ENDS_ENOUGH = 0.5
# Shorter words are units, mostly.
_FEWEST_LETTERS = 3
# What parts phrases: all but letters, digits, blanks, and what stands within a word; and the words that link them.
_BETWEEN_PHRASES = rf"[^\p{{L}}\p{{M}}\p{{N}} '’-]+| - |\b(?:{'|'.join(LINKING_WORDS)})\b"


def with_kinds(postings: Postings, texts: Sequence[str]) -> Postings:
    """Returns the postings with the words marked that the catalogue has for kinds of things.

    In English what is sold is named by the last word of a phrase, be it a title's or a category's: soup in "chicken
    soup", and in "Soup > Condensed Soup". A kind is a word that ends half of the phrases that have it. Scripts without
    spaces have no such words here, so that nothing changes for them.

    Args:
        postings: The catalogue's words.
        texts: Its distinct texts, of which the postings were made.
    """
    phrases = Counter(phrase for text in _phrases(texts) for phrase in text)
    distinct = list(phrases)
    words = singular_words(plain_words(tf.constant(distinct, tf.string, [len(distinct)]))).to_list()
    having: Counter[bytes] = Counter()
    ending: Counter[bytes] = Counter()
    for phrase, row in zip(distinct, words, strict=True):
        letters = [word for word in row if not word[:1].isdigit()]
        having.update(dict.fromkeys(letters, phrases[phrase]))
        ending.update(dict.fromkeys(letters[-1:], phrases[phrase]))
    every = tf.constant(postings.words, tf.string, [len(postings.words)])
    ends = [ending[word] >= _ENDS_ENOUGH * max(having[word], 1) for word in postings.words]
    return dataclasses.replace(postings, kinds=np.array(ends, np.bool_) & of_letters(every, _FEWEST_LETTERS).numpy())


def _phrases(texts: Sequence[str]) -> list[list[bytes]]:
    plain = folded(readable(tf.constant(list(texts), tf.string, [len(texts)])))
    parts = tf.strings.split(tf.strings.regex_replace(plain, _BETWEEN_PHRASES, "\n"), "\n")
    return [[part.strip() for part in row if part.strip()] for row in parts.to_list()]
