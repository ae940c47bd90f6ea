"""A query tower without attention: a vector for each token, and one hidden layer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.text_embedder import TextEmbedder
from serving.graph.words import rows_of
from trainer.text.backbone import TextEncoder

_TEXTS_AT_ONCE = 8192

Vectors = npt.NDArray[np.float32]


@keras.saving.register_keras_serializable(package="shelfwise")
class StaticTower(keras.Model):
    """Adds up a vector for each token, and changes the sum by a hidden layer.

    For a text with token vectors x_t the result is `l2_normalize(s + W2 relu(W1 s + b))` with
    `s = l2_normalize(sum_t x_t)`. The order of the tokens does not count (compare Tulkens and van Dongen, "Model2Vec",
    2024, which stops at s).

    Call arguments:
        token_ids: int32 `(tokens,)` of all texts, one after the other.
        rows: int64 `(tokens,)`: the text of each token, from 0 to under `texts`.
        texts: Scalar of the type of `rows`: how many texts there are.

    Returns:
        float32 `(texts, dimensions)` of length 1. A text of which no token has a vector gets one that means nothing.

    Args:
        dimensions: Of the vectors.
        vocabulary_size: Tokens that there are.
        hidden: Width of the hidden layer.
        dtype: What it is computed in, whatever BERT is.
    """

    def __init__(
        self, *, dimensions: int, vocabulary_size: int, hidden: int = 512, dtype: Any = "float32", **kwargs: Any
    ) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.dimensions, self.vocabulary_size, self.hidden = dimensions, vocabulary_size, hidden
        self.token_vectors = keras.layers.Embedding(vocabulary_size, dimensions, dtype=dtype)
        # Small at first: what the sum says is nearly right.
        small = keras.initializers.RandomNormal(stddev=0.05, seed=0)
        self.inner = keras.layers.Dense(hidden, activation="relu", kernel_initializer=small, dtype=dtype)
        self.outer = keras.layers.Dense(dimensions, use_bias=False, kernel_initializer="zeros", dtype=dtype)
        self.token_vectors.build()
        self.inner.build((None, dimensions))
        self.outer.build((None, hidden))
        self.built = True

    def call(self, token_ids: Any, rows: Any, texts: Any) -> Any:
        return self.finish(self.summed(token_ids, rows, texts))

    def summed(self, token_ids: Any, rows: Any, texts: Any) -> Any:
        """Returns the sum of each text's token vectors, float32 `(texts, dimensions)`."""
        # Read once: a look-up in the variable itself would copy it.
        vectors = tf.gather(tf.convert_to_tensor(self.token_vectors.embeddings), token_ids)
        return tf.math.unsorted_segment_sum(vectors, rows, texts)

    def finish(self, summed: Any) -> Any:
        """Returns the vectors of texts with such sums, float32 `(texts, dimensions)`."""
        summed = tf.math.l2_normalize(summed, axis=-1)
        return tf.math.l2_normalize(summed + self.outer(self.inner(summed)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        sizes = {"dimensions": self.dimensions, "vocabulary_size": self.vocabulary_size, "hidden": self.hidden}
        return {**super().get_config(), **sizes}


class StaticQueryTower(NamedTuple):
    """A static tower with the tokenizer that it was taught with.

    Attributes:
        text_encoder: Has the tokenizer; its BERT is not asked.
        tower: What it makes of tokens.
    """

    text_encoder: TextEncoder
    tower: StaticTower

    def embed(self, texts: Sequence[str], batch_size: int = _TEXTS_AT_ONCE) -> Vectors:
        """Embeds many texts, float32 `(texts, dimensions)`."""
        embed, starts = self.embedder().embed, range(0, len(texts), batch_size)
        parts = [embed(tf.constant(list(texts[start : start + batch_size])))[0].numpy() for start in starts]
        return np.concatenate(parts) if parts else np.zeros((0, self.tower.dimensions), np.float32)

    def embedder(self) -> TextEmbedder:
        """Returns the tower as plain TensorFlow, to be saved in a served model."""
        return TextEmbedder(self._embed, [variable.value for variable in self.tower.variables])

    def _embed(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        tokens = self.text_encoder.tokenizer.tokenize(texts)
        summed = self.tower.summed(tokens.flat_values, rows_of(tokens), tokens.nrows())
        # A token that says nothing, such as [UNK], has no vector: its values are 0.
        return self.tower.finish(summed), tf.reduce_any(summed != 0.0, axis=1)
