"""One layer of a causal Transformer, with as few operations as it takes: a step of the towers is mostly overhead."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from trainer.text.unpadding import Unpadding

_MASKED = -1e4  # Far below any score, and still finite in float16.


@keras.saving.register_keras_serializable(package="shelfwise")
class CausalTransformer(keras.layers.Layer):
    """Self-attention over what came before, then a feed-forward network; both pre-norm (Xiong et al., ICML 2020).

    An event sees itself and earlier ones, and padding stands at the end, so no mask for it is needed. Only attention
    sees the events side by side, padded; all else looks at one at a time.

    Call arguments:
        events: float `(events, dimensions)`, those of all histories.
        unpadding: Where they stand in the batch.

    Returns:
        float `(events, dimensions)`.

    Args:
        heads: Attention heads; divides the width of the inputs.
        intermediate_dimensions: Width of the hidden layer of the feed-forward network.
    """

    def __init__(self, *, heads: int, intermediate_dimensions: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.intermediate_dimensions = intermediate_dimensions
        self.attention_normalization = keras.layers.LayerNormalization(name="attention_normalization")
        self.feed_forward_normalization = keras.layers.LayerNormalization(name="feed_forward_normalization")
        self.hidden = keras.layers.Dense(intermediate_dimensions, activation="relu", name="hidden")

    def build(self, events_shape: Sequence[int | None]) -> None:
        dimensions = int(events_shape[-1] or 0)
        self.query_key_value = keras.layers.Dense(3 * dimensions, name="query_key_value")
        self.attention_output = keras.layers.Dense(dimensions, name="attention_output")
        self.output_projection = keras.layers.Dense(dimensions, name="output")
        self.attention_normalization.build(events_shape)
        self.query_key_value.build(events_shape)
        self.attention_output.build(events_shape)
        self.feed_forward_normalization.build(events_shape)
        self.hidden.build(events_shape)
        self.output_projection.build((None, self.intermediate_dimensions))
        self.built = True

    def call(self, events: Any, unpadding: Unpadding) -> Any:
        attended = events + self._attend(self.attention_normalization(events), unpadding)
        return attended + self.output_projection(self.hidden(self.feed_forward_normalization(attended)))

    def _attend(self, events: Any, unpadding: Unpadding) -> Any:
        padded = unpadding.restore(self.query_key_value(events))
        width, dimensions = keras.ops.shape(padded)[1], events.shape[-1]
        size = dimensions // self.heads
        split = keras.ops.reshape(padded, (-1, width, 3, self.heads, size))
        query, key, value = keras.ops.unstack(keras.ops.transpose(split, (2, 0, 3, 1, 4)))
        scores = keras.ops.matmul(query * size**-0.5, keras.ops.transpose(key, (0, 1, 3, 2)))
        later = 1.0 - keras.ops.tril(keras.ops.ones((width, width), scores.dtype))
        # Keras's own softmax warns of histories of one event.
        weights = tf.nn.softmax(scores + later * _MASKED)
        mixed = keras.ops.transpose(keras.ops.matmul(weights, value), (0, 2, 1, 3))
        return self.attention_output(unpadding.remove(keras.ops.reshape(mixed, (-1, width, dimensions))))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "heads": self.heads,
            "intermediate_dimensions": self.intermediate_dimensions,
        }
