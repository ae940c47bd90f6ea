"""BM25 postings of the catalogue's texts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from serving.graph.words import index_words, joined_pairs, plain_words, singular_words
from serving.index.lexical import Postings
from trainer.search.options import LexicalOptions

_TEXTS_AT_ONCE = 8192
# A pair of neighbours that only one text has is found by its words.
_LEAST_TEXTS_OF_A_PAIR = 2


def _words_and_pairs(texts: tf.Tensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    words = plain_words(texts)
    return index_words(words), joined_pairs(singular_words(words))


# Traced once, for catalogues of any size.
_split = tf.function(_words_and_pairs, input_signature=[tf.TensorSpec([None], tf.string)])


def build_postings(texts: Sequence[str], options: LexicalOptions | None) -> Postings:
    """Counts the words of each text and weighs them.

    Word w in text t with n words, of a catalogue of N texts of which df have w, has the saturation
    `tf / (tf + k1 * (1 - b + b * n / mean n))` and the rarity `sqrt(log(1 + (N - df + 0.5) / (df + 0.5)))`: BM25 as
    Lucene has it, but for the root. In people's queries that does as well as the whole inverse document frequency, and
    a word that few texts have for no good reason, in a catalogue whose texts repeat, does not drown the others.

    Neighbours of letters count as one word too, so that light bulb is also found as lightbulb: where that is a word of
    the catalogue, or more texts than one have it. They do not make a text longer.

    Memory grows with the words of all texts together.

    Args:
        texts: The distinct texts.
        options: k1 and b; None has their defaults, for a model whose lexical side only explains.
    """
    options = options or LexicalOptions()
    parts = [
        _split(tf.constant(list(texts[start : start + _TEXTS_AT_ONCE]), tf.string))
        for start in range(0, len(texts), _TEXTS_AT_ONCE)
    ]
    length, words = _flat([part[0] for part in parts])
    # Sorted, so that equal texts give equal postings whatever the order of the catalogue.
    word, plain = pd.factorize(words, sort=True)
    text = np.repeat(np.arange(len(texts)), length)
    pair_length, pairs = _flat([part[1] for part in parts])
    pair, joined = pd.factorize(pairs, sort=True)
    text_of_pair = np.repeat(np.arange(len(texts)), pair_length)
    kept = np.unique(pair.astype(np.int64) * len(texts) + text_of_pair)
    pair, text_of_pair = kept // len(texts), kept % len(texts)
    wanted = np.bincount(pair, minlength=len(joined)) >= _LEAST_TEXTS_OF_A_PAIR
    wanted |= pd.Index(joined).isin(plain)
    chosen = wanted[pair]
    vocabulary = np.union1d(plain.astype(object), joined[wanted].astype(object))
    place = pd.Index(vocabulary)
    word = np.concatenate([place.get_indexer(pd.Index(plain))[word], place.get_indexer(pd.Index(joined))[pair[chosen]]])
    text = np.concatenate([text, text_of_pair[chosen]])
    return _counted(word, text, vocabulary, length, options, ~place.isin(plain))


def _counted(
    word: npt.NDArray[np.int64],
    text: npt.NDArray[np.int64],
    vocabulary: npt.NDArray[np.object_],
    length: npt.NDArray[np.int64],
    options: LexicalOptions,
    joined: npt.NDArray[np.bool_],
) -> Postings:
    texts = len(length)
    pair, count = np.unique(word.astype(np.int64) * texts + text, return_counts=True)
    word, text = pair // max(texts, 1), pair % max(texts, 1)
    frequency = np.bincount(word, minlength=len(vocabulary))
    relative_length = length[text] / max(length.mean(), 1.0e-12)
    saturation = options.k1 * (1.0 - options.b + options.b * relative_length)
    return Postings(
        words=vocabulary.tolist(),
        row_splits=np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64),
        texts=text.astype(np.int32),
        saturation=(count / (count + saturation)).astype(np.float32),
        rarity=np.sqrt(inverse_document_frequency(frequency, texts)).astype(np.float32),
        joined=joined,
        kinds=np.zeros(len(vocabulary), np.bool_),
        unknown_rarity=float(np.sqrt(inverse_document_frequency(np.array(0), texts))),
        size=texts,
    )


def _flat(parts: Sequence[tf.RaggedTensor]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    lengths = np.concatenate([part.row_lengths().numpy() for part in parts])
    return lengths, np.concatenate([part.flat_values.numpy() for part in parts]).astype(object)


def inverse_document_frequency(frequency: npt.NDArray[np.integer], texts: int) -> npt.NDArray[np.float64]:
    """Returns `log(1 + (N - df + 0.5) / (df + 0.5))` for the number of texts that have each word, as Lucene has it."""
    return np.log1p((texts - frequency + 0.5) / (frequency + 0.5))
