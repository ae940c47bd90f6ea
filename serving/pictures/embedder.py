"""Pictures to vectors inside a SavedModel, as a part that another SavedModel can take over."""

from collections.abc import Callable, Sequence

import tensorflow as tf


class PictureEmbedder(tf.Module):
    """Holds the function that embeds pictures, with its weights.

    Loaded from a SavedModel, the same attribute `embed` can be called, and saved again in another module.

    Args:
        encode: Maps JPEG or PNG bytes, string `(batch,)`, to vectors float32 `(batch, dimensions)` of length 1.
        variables: What `encode` computes with.
    """

    def __init__(self, encode: Callable[[tf.Tensor], tf.Tensor], variables: Sequence[tf.Variable]) -> None:
        super().__init__(name="picture_embedder")
        self._encoder_variables = list(variables)
        self.embed = tf.function(encode, input_signature=[tf.TensorSpec([None], tf.string, "images")], autograph=False)
