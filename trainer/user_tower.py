"""The user tower: a history of product vectors to one unit vector at each event."""

from collections.abc import Sequence
from typing import Any

import keras
import keras_nlp

from trainer.causal_transformer import CausalTransformer

# Gaps are read on a logarithmic scale in days: from a minute to a year it runs from about 0 to 6.
SECONDS_PER_DAY = 86_400.0


@keras.saving.register_keras_serializable(package="shelfwise")
class UserTower(keras.Model):
    """Reads a history with a small causal Transformer; there is no user id, so a new user is answered too.

    Call arguments:
        item_vectors: float32 `(batch, width, dimensions)`, oldest event first, `width` at most `history`.
        event_types: int32 `(batch, width)`.
        gap_seconds: float32 `(batch, width)`; time from an event to the next one, and from the last event to
            the moment of the question.
        valid: bool `(batch, width)`; False is padding, which stands at the end only.

    Returns:
        float32 `(batch, width, dimensions)` of length 1: the user right after each event. An event's vector
        does not depend on later events. At padded positions it is some finite vector.

    Args:
        dimensions: Width of the vectors, as of the item tower.
        event_types: Number of event types.
        history: Events read at the most.
        layers: Transformer layers.
        heads: Attention heads of a layer; divides `dimensions`.
        dropout: Dropout rate.
    """

    def __init__(
        self,
        *,
        dimensions: int,
        event_types: int,
        history: int,
        layers: int = 2,
        heads: int = 2,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if dimensions % heads:
            raise ValueError(f"`heads` should divide `dimensions` ({dimensions}). Received `heads`={heads}.")
        # Cast to half precision, a day's seconds would be infinite; the layers cast what they take themselves.
        super().__init__(autocast=False, **kwargs)
        self.dimensions = dimensions
        self.event_types = event_types
        self.history = history
        self.transformer_layers = layers
        self.heads = heads
        self.dropout = dropout
        self.type_embedding = keras.layers.Embedding(event_types, dimensions, name="event_type")
        self.position_embedding = keras_nlp.layers.PositionEmbedding(history, name="position")
        self.gap_projection = keras.Sequential(
            [keras.layers.Dense(dimensions, activation="relu"), keras.layers.Dense(dimensions)], name="gap"
        )
        self.input_projection = keras.layers.Dense(dimensions, name="input")
        self.input_normalization = keras.layers.LayerNormalization(name="input_normalization")
        self.dropout_layer = keras.layers.Dropout(dropout, name="dropout")
        self.decoders = [
            CausalTransformer(heads=heads, intermediate_dimensions=2 * dimensions, name=f"transformer_{layer}")
            for layer in range(layers)
        ]
        self.output_normalization = keras.layers.LayerNormalization(name="output_normalization")
        # Zero at first, so that the tower starts from the mean of the history.
        self.output_projection = keras.layers.Dense(dimensions - 1, kernel_initializer="zeros", name="output")
        self.popularity_scale = keras.layers.Dense(
            1, kernel_initializer="zeros", bias_initializer="ones", name="popularity"
        )
        self.unit = keras.layers.UnitNormalization(name="unit", dtype="float32")

    def build(
        self,
        item_vectors_shape: Sequence[int | None],
        event_types_shape: Sequence[int | None] | None = None,
        gap_seconds_shape: Sequence[int | None] | None = None,
        valid_shape: Sequence[int | None] | None = None,
    ) -> None:
        sequence = (None, self.history, self.dimensions)
        self.type_embedding.build((None, self.history))
        self.position_embedding.build(sequence)
        self.gap_projection.build((None, self.history, 1))
        self.input_projection.build(sequence)
        self.input_normalization.build(sequence)
        for decoder in self.decoders:
            decoder.build(sequence)
        self.output_normalization.build(sequence)
        self.output_projection.build(sequence)
        self.popularity_scale.build(sequence)
        self.built = True

    def call(self, item_vectors: Any, event_types: Any, gap_seconds: Any, valid: Any, training: bool = False) -> Any:
        days = keras.ops.maximum(keras.ops.cast(gap_seconds, "float32"), 0.0) / SECONDS_PER_DAY
        gaps = keras.ops.log1p(days)[..., None]
        # Unit vectors of small width have entries near 0.1: scaled to the variance that the sum is made of.
        events = self.input_projection(item_vectors * self.dimensions**0.5)
        events = events + self.type_embedding(event_types) + self.gap_projection(gaps)
        events = self.input_normalization(events + self.position_embedding(events))
        events = self.dropout_layer(events, training=training)
        for decoder in self.decoders:
            events = decoder(events)
        normal = self.output_normalization(events)
        users = keras.ops.cast(self.output_projection(normal), "float32")
        taste = self.unit(users + _running_mean(item_vectors[..., :-1], valid))
        popularity = keras.ops.cast(self.popularity_scale(normal), "float32")
        return self.unit(keras.ops.concatenate([taste, popularity], axis=-1))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dimensions": self.dimensions,
            "event_types": self.event_types,
            "history": self.history,
            "layers": self.transformer_layers,
            "heads": self.heads,
            "dropout": self.dropout,
        }


def _running_mean(item_vectors: Any, valid: Any) -> Any:
    """Returns the mean of the vectors up to each event, where the tower starts from: users like what they had."""
    weights = keras.ops.cast(valid, "float32")[..., None]
    total = keras.ops.cumsum(keras.ops.cast(item_vectors, "float32") * weights, axis=1)
    return total / keras.ops.maximum(keras.ops.cumsum(weights, axis=1), 1.0)
