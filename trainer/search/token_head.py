"""What search learns on top of a BERT that stays as it is."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.search.index.postings import inverse_document_frequency

# How long BERT's own token embeddings are made, on average, beside text vectors of length 1. Longer ones rank better by
# themselves and worse beside the words, which they are too much like.
_START_LENGTH = 0.1


@keras.saving.register_keras_serializable(package="shelfwise")
class TokenHead(keras.Model):
    """Adds a linear change and a bag of token embeddings to a text's vector.

    For the vector v of a text with tokens t of rarity r_t and embeddings e_t the result is
    `l2_normalize(v + W v + sum_t r_t e_t / sqrt(sum_t r_t^2))`. W begins with zeros and e_t with BERT's own token
    embeddings. The bag sees what a mean over BERT's outputs blurs: which words are there, rare ones above all (compare
    Bojanowski et al., "Enriching word vectors with subword information", TACL 2017).

    Call arguments:
        vectors: float32 `(batch, dimensions)`.
        token_ids: int32 `(batch, width)`; special tokens have rarity 0, so padding does not count.

    Returns:
        float32 `(batch, dimensions)` of length 1.

    Args:
        dimensions: Of the vectors.
        vocabulary_size: Tokens that there are.
        dtype: What it is computed in, whatever BERT is.
    """

    def __init__(self, *, dimensions: int, vocabulary_size: int, dtype: Any = "float32", **kwargs: Any) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.dimensions, self.vocabulary_size = dimensions, vocabulary_size
        self.change = keras.layers.Dense(dimensions, use_bias=False, kernel_initializer="zeros", dtype=dtype)
        self.token_embedding = keras.layers.Embedding(vocabulary_size, dimensions, dtype=dtype)
        self.rarity = keras.layers.Embedding(vocabulary_size, 1, trainable=False, dtype=dtype)
        self.change.build((None, dimensions))
        self.token_embedding.build()
        self.rarity.build()
        self.built = True

    def start(self, token_embeddings: npt.NDArray[np.float32], rarity: npt.NDArray[np.float32]) -> None:
        """Sets what training begins with.

        Args:
            token_embeddings: float32 `(vocabulary, dimensions)`, of BERT; they are scaled.
            rarity: float32 `(vocabulary,)`, 0 for special tokens.
        """
        length = np.linalg.norm(token_embeddings, axis=1).mean()
        self.token_embedding.embeddings.assign(token_embeddings * (_START_LENGTH / length))
        self.rarity.embeddings.assign(rarity[:, np.newaxis])

    def call(self, vectors: Any, token_ids: Any) -> Any:
        rarity = self.rarity(token_ids)
        total = tf.reduce_sum(self.token_embedding(token_ids) * rarity, axis=1)
        length = tf.sqrt(tf.reduce_sum(tf.square(rarity), axis=1))
        bag = tf.math.divide_no_nan(total, length)
        return tf.math.l2_normalize(vectors + self.change(vectors) + bag, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dimensions": self.dimensions, "vocabulary_size": self.vocabulary_size}


def token_rarity(token_ids: tf.RaggedTensor, vocabulary_size: int, special: Sequence[int]) -> npt.NDArray[np.float32]:
    """Returns the inverse document frequency of each token.

    Args:
        token_ids: int32 `(texts, None)` of the catalogue's texts.
        vocabulary_size: Tokens that there are.
        special: Tokens that get 0.

    Returns:
        float32 `(vocabulary,)`.
    """
    texts = int(token_ids.nrows())
    pairs = token_ids.value_rowids().numpy() * vocabulary_size + token_ids.flat_values.numpy()
    frequency = np.bincount(np.unique(pairs) % vocabulary_size, minlength=vocabulary_size)
    rarity = inverse_document_frequency(frequency, texts).astype(np.float32)
    rarity[list(special)] = 0.0
    return rarity
