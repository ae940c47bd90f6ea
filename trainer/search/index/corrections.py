"""Which words a served search corrects others to, and which it leaves as they are."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.words import split_words
from serving.index.lexical import Postings
from serving.search.correction import MOST_LETTERS, TWO_WRONG_FROM, Corrections, letter_keys, of_letters, word_hashes

# Of a shorter word the letters that are left say too little.
_FEWEST_LETTERS = 3
_CONTINUES = "##"


def known_words(vocabulary: Sequence[str]) -> npt.NDArray[np.int64]:
    """Returns hashes of the words that an encoder has whole, rising: it knows them, so they are not spelt wrong.

    Args:
        vocabulary: Its word pieces; those that continue a word begin with `##`.
    """
    pieces = [piece for piece in vocabulary if not piece.startswith(_CONTINUES)]
    words = split_words(tf.constant(pieces, tf.string, [len(pieces)]))
    alone = tf.gather(words.flat_values, tf.boolean_mask(words.row_starts(), words.row_lengths() == 1))
    return np.unique(word_hashes(alone).numpy())


def build_corrections(postings: Postings, known: npt.NDArray[np.int64]) -> Corrections:
    """Returns what is looked up to correct queries against the words of a catalogue.

    A word is right where the catalogue has it, or the encoder knows it: a shopper who types coke means no cake.

    Args:
        postings: The catalogue's words. Pairs that were joined are right, but only some texts have them as one word, so
            nothing is corrected to them.
        known: What `known_words` returned.
    """
    every = tf.constant(postings.words, tf.string, [len(postings.words)])
    suitable = of_letters(every, _FEWEST_LETTERS).numpy() & ~postings.joined
    words = np.array(postings.words, object)[suitable]
    letters = [np.array([ord(letter) for letter in word.decode()], np.int32) for word in words]
    lengths = np.array([len(word) for word in letters], np.int64)
    keys, entries = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for length in range(_FEWEST_LETTERS, MOST_LETTERS + 1):
        rows = np.flatnonzero(lengths == length)
        if not len(rows):
            continue
        table = np.stack([letters[row] for row in rows])
        for taken_out in range(3 if length >= TWO_WRONG_FROM else 2):
            for places in combinations(range(length), taken_out):
                keys.append(letter_keys(np.delete(table, places, axis=1)))
                entries.append(rows)
    pairs = np.unique(np.column_stack([np.concatenate(keys), np.concatenate(entries)]), axis=0)
    return Corrections(
        words=words.tolist(),
        frequency=np.diff(postings.row_splits)[suitable].astype(np.int64),
        keys=pairs[:, 0],
        entries=pairs[:, 1].astype(np.int32),
        right=np.union1d(word_hashes(every).numpy(), known),
    )
