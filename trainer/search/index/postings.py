"""BM25 postings of the catalogue's texts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow as tf

from serving.graph.words import split_words
from serving.index.lexical import Postings
from trainer.search.options import LexicalOptions

_TEXTS_AT_ONCE = 8192

# Traced once, for catalogues of any size.
_split = tf.function(split_words, input_signature=[tf.TensorSpec([None], tf.string)])


def build_postings(texts: Sequence[str], options: LexicalOptions | None) -> Postings:
    """Counts the words of each text and weighs them.

    Word w in text t with n words, of a catalogue of N texts of which df have w, weighs
    `log(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 * (1 - b + b * n / mean n))`: BM25 as Lucene has it, which
    bm25s computes ahead too (Lù, "BM25S: Orders of magnitude faster lexical search via eager sparse scoring", 2024).
    Memory grows with the words of all texts together.

    Args:
        texts: One a product.
        options: k1 and b; None has their defaults, for a model whose lexical side only explains.
    """
    options = options or LexicalOptions()
    lengths, words = [], []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        ragged = _split(tf.constant(list(texts[start : start + _TEXTS_AT_ONCE]), tf.string))
        lengths.append(ragged.row_lengths().numpy())
        words.append(ragged.flat_values.numpy())
    length = np.concatenate(lengths)
    # Sorted, so that equal texts give equal postings whatever the order of the catalogue.
    word, vocabulary = pd.factorize(np.concatenate(words).astype(object), sort=True)
    product = np.repeat(np.arange(len(texts)), length)
    pair, count = np.unique(word.astype(np.int64) * len(texts) + product, return_counts=True)
    word, product = pair // len(texts), pair % len(texts)
    frequency = np.bincount(word, minlength=len(vocabulary))
    rarity = inverse_document_frequency(frequency, len(texts))
    relative_length = length[product] / max(length.mean(), 1.0e-12)
    saturation = options.k1 * (1.0 - options.b + options.b * relative_length)
    return Postings(
        words=vocabulary.tolist(),
        row_splits=np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64),
        products=product.astype(np.int32),
        weights=(rarity[word] * count / (count + saturation)).astype(np.float32),
        rarity=rarity.astype(np.float32),
        size=len(texts),
    )


def inverse_document_frequency(frequency: npt.NDArray[np.integer], texts: int) -> npt.NDArray[np.float64]:
    """Returns `log(1 + (N - df + 0.5) / (df + 0.5))` for the number of texts that have each word, as Lucene has it."""
    return np.log1p((texts - frequency + 0.5) / (frequency + 0.5))
