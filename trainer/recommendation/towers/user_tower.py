"""The user tower: a history of product vectors to one unit vector at each event."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from serving.graph.time_units import DAY_SECONDS
from trainer.recommendation.towers.causal_transformer import CausalTransformer
from trainer.text.unpadding import Unpadding


@keras.saving.register_keras_serializable(package="shelfwise")
class UserTower(keras.Model):
    """Reads a history with a small causal Transformer; there is no user id, so a new user is answered too.

    Padding is hardly computed (`trainer.text.unpadding`), so short histories are cheap.

    Call arguments:
        item_vectors: float32 `(batch, width, dimensions)`, oldest event first, `width` at most `tower_history`.
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
        tower_history: Events read at the most.
        layers: Transformer layers.
        heads: Attention heads of a layer; divides `dimensions`.
        dropout: Dropout rate.
    """

    def __init__(
        self,
        *,
        dimensions: int,
        event_types: int,
        tower_history: int,
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
        self.tower_history = tower_history
        self.transformer_layers = layers
        self.heads = heads
        self.dropout = dropout
        self.type_embedding = keras.layers.Embedding(event_types, dimensions, name="event_type")
        self.position_embedding = keras.layers.Embedding(tower_history, dimensions, "glorot_uniform", name="position")
        self.gap_projection = keras.Sequential(
            [keras.layers.Dense(dimensions, activation="relu"), keras.layers.Dense(dimensions)], name="gap"
        )
        self.input_projection = keras.layers.Dense(dimensions, name="input")
        self.input_normalization = keras.layers.LayerNormalization(name="input_normalization")
        self.dropout_layer = keras.layers.Dropout(dropout, name="dropout")
        self.decoders = [
            CausalTransformer(
                heads=heads, intermediate_dimensions=2 * dimensions, dropout=dropout, name=f"transformer_{layer}"
            )
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
        events = (None, self.dimensions)
        self.type_embedding.build((None,))
        self.position_embedding.build((None,))
        self.gap_projection.build((None, 1))
        self.input_projection.build(events)
        self.input_normalization.build(events)
        for decoder in self.decoders:
            decoder.build(events)
        self.output_normalization.build(events)
        self.output_projection.build(events)
        self.popularity_scale.build(events)
        self.built = True

    def call(self, item_vectors: Any, event_types: Any, gap_seconds: Any, valid: Any, training: bool = False) -> Any:
        # A history without any event has a vector too, that of its first place.
        first = tf.range(tf.shape(valid)[1]) == 0
        unpadding = Unpadding(valid | first)
        items = unpadding.remove(item_vectors)
        days = keras.ops.maximum(keras.ops.cast(unpadding.remove(gap_seconds), "float32"), 0.0) / DAY_SECONDS
        # Unit vectors of small width have entries near 0.1: scaled to the variance that the sum is made of.
        events = self.input_projection(items * self.dimensions**0.5)
        events = events + self.type_embedding(unpadding.remove(event_types))
        # On a logarithmic scale: from a minute to a year it runs from about 0 to 6.
        events = events + self.gap_projection(keras.ops.log1p(days)[..., None])
        events = self.input_normalization(events + self.position_embedding(unpadding.columns))
        events = self.dropout_layer(events, training=training)
        for decoder in self.decoders:
            events = decoder(events, unpadding=unpadding, training=training)
        normal = self.output_normalization(events)
        users = keras.ops.cast(self.output_projection(normal), "float32")
        taste = self.unit(users + unpadding.remove(_running_mean(item_vectors[..., :-1])))
        popularity = keras.ops.cast(self.popularity_scale(normal), "float32")
        return unpadding.restore(self.unit(keras.ops.concatenate([taste, popularity], axis=-1)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dimensions": self.dimensions,
            "event_types": self.event_types,
            "tower_history": self.tower_history,
            "layers": self.transformer_layers,
            "heads": self.heads,
            "dropout": self.dropout,
        }


def _running_mean(item_vectors: Any) -> Any:
    """Returns the mean of the vectors up to each event, where the tower starts from: users like what they had."""
    width = keras.ops.shape(item_vectors)[1]
    # As a product with a triangular matrix, which takes a tenth of the time of a cumulative sum.
    earlier = keras.ops.tril(keras.ops.ones((width, width)))
    return keras.ops.matmul(earlier / keras.ops.sum(earlier, axis=1, keepdims=True), item_vectors)
