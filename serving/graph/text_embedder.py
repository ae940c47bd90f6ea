"""Texts to vectors inside a SavedModel, as a part that another SavedModel can take over."""

from collections.abc import Callable, Sequence

import tensorflow as tf

TextEncoding = tuple[tf.Tensor, tf.Tensor]


class TextEmbedder(tf.Module):
    """Holds the function that embeds texts, with its weights.

    Loaded from a SavedModel, the same attribute `embed` can be called, and saved again in another module.

    Args:
        encode: Maps texts, string `(batch,)`, to vectors float32 `(batch, dimensions)` and to whether the encoder knows
            any part of each text, bool `(batch,)`.
        variables: What `encode` computes with.
    """

    def __init__(self, encode: Callable[[tf.Tensor], TextEncoding], variables: Sequence[tf.Variable]) -> None:
        super().__init__(name="text_embedder")
        self._encoder_variables = list(variables)
        self.embed = tf.function(encode, input_signature=[tf.TensorSpec([None], tf.string, "texts")], autograph=False)
