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

    The feed-forward network is a SwiGLU (Shazeer, "GLU variants improve Transformer", 2020), and what either part adds
    goes through a gate that reads the same events, as in the LiGR layers of "From features to Transformers" (2025).

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
        dropout: Dropout rate of what either part adds.
    """

    def __init__(self, *, heads: int, intermediate_dimensions: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.intermediate_dimensions = intermediate_dimensions
        self.dropout = dropout
        self.attention_normalization = keras.layers.LayerNormalization(name="attention_normalization")
        self.feed_forward_normalization = keras.layers.LayerNormalization(name="feed_forward_normalization")
        self.attention_dropout = keras.layers.Dropout(dropout, name="attention_dropout")
        self.feed_forward_dropout = keras.layers.Dropout(dropout, name="feed_forward_dropout")

    def build(self, events_shape: Sequence[int | None]) -> None:
        dimensions = int(events_shape[-1] or 0)
        # What reads the same events is one matrix product: query, key, value and the gate; both halves and the gate.
        self.attention_input = keras.layers.Dense(4 * dimensions, name="attention_input")
        self.attention_output = keras.layers.Dense(dimensions, name="attention_output")
        self.feed_forward_input = keras.layers.Dense(
            2 * self.intermediate_dimensions + dimensions, name="feed_forward_input"
        )
        self.feed_forward_output = keras.layers.Dense(dimensions, name="feed_forward_output")
        for layer in (
            self.attention_normalization,
            self.attention_input,
            self.attention_output,
            self.feed_forward_normalization,
            self.feed_forward_input,
        ):
            layer.build(events_shape)
        self.feed_forward_output.build((None, self.intermediate_dimensions))
        self.built = True

    def call(self, events: Any, unpadding: Unpadding, training: bool = False) -> Any:
        attended = self._attend(self.attention_normalization(events), unpadding)
        events = events + self.attention_dropout(attended, training=training)
        fed = self._feed_forward(self.feed_forward_normalization(events))
        return events + self.feed_forward_dropout(fed, training=training)

    def _attend(self, events: Any, unpadding: Unpadding) -> Any:
        dimensions = events.shape[-1]
        read, gate = tf.split(self.attention_input(events), [3 * dimensions, dimensions], axis=-1)
        padded = unpadding.restore(read)
        width = keras.ops.shape(padded)[1]
        size = dimensions // self.heads
        split = keras.ops.reshape(padded, (-1, width, 3, self.heads, size))
        query, key, value = keras.ops.unstack(keras.ops.transpose(split, (2, 0, 3, 1, 4)))
        scores = keras.ops.matmul(query * size**-0.5, keras.ops.transpose(key, (0, 1, 3, 2)))
        later = 1.0 - keras.ops.tril(keras.ops.ones((width, width), scores.dtype))
        # Keras's own softmax warns of histories of one event.
        weights = tf.nn.softmax(scores + later * _MASKED)
        mixed = keras.ops.transpose(keras.ops.matmul(weights, value), (0, 2, 1, 3))
        attended = unpadding.remove(keras.ops.reshape(mixed, (-1, width, dimensions)))
        return self.attention_output(attended) * tf.sigmoid(gate)

    def _feed_forward(self, events: Any) -> Any:
        hidden = self.intermediate_dimensions
        value, inner, gate = tf.split(self.feed_forward_input(events), [hidden, hidden, events.shape[-1]], axis=-1)
        return self.feed_forward_output(value * tf.nn.silu(inner)) * tf.sigmoid(gate)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "heads": self.heads,
            "intermediate_dimensions": self.intermediate_dimensions,
            "dropout": self.dropout,
        }
