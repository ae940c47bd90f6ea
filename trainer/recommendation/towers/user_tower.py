"""The user tower: a history of product vectors to one vector at each event."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from serving.graph.time_units import DAY_SECONDS
from trainer.recommendation.towers.causal_transformer import CausalTransformer
from trainer.text.unpadding import Unpadding

# Width of what is read of the time to the next event.
_GAP_UNITS = 16


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
        float32 `(batch, width, dimensions)`: the user right after each event. An event's vector does not depend on
        later events. At padded positions it is some finite vector.

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
        self.type_embedding = keras.layers.Embedding(event_types, dimensions, "zeros", name="event_type")
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.position_embedding = keras.layers.Embedding(tower_history, dimensions, small, name="position")
        self.gap_projection = keras.Sequential(
            [
                keras.layers.Dense(_GAP_UNITS, activation="relu"),
                keras.layers.Dense(dimensions, kernel_initializer="zeros"),
            ],
            name="gap",
        )
        self.dropout_layer = keras.layers.Dropout(dropout, name="dropout")
        self.decoders = [
            CausalTransformer(
                heads=heads, intermediate_dimensions=2 * dimensions, dropout=dropout, name=f"transformer_{layer}"
            )
            for layer in range(layers)
        ]
        self.output_normalization = keras.layers.LayerNormalization(name="output_normalization")

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
        for decoder in self.decoders:
            decoder.build(events)
        self.output_normalization.build(events)
        self.built = True

    def call(self, item_vectors: Any, event_types: Any, gap_seconds: Any, valid: Any, training: bool = False) -> Any:
        # A history without any event has a vector too, that of its first place.
        first = tf.range(tf.shape(valid)[1]) == 0
        unpadding = Unpadding(valid | first)
        items = unpadding.remove(item_vectors)
        days = keras.ops.maximum(keras.ops.cast(unpadding.remove(gap_seconds), "float32"), 0.0) / DAY_SECONDS
        # As Transformers scale what they look up, since item vectors start out small (Vaswani et al., 2017). In the
        # type of the layers: a tower that was trained in half precision and loaded keeps its own, and they are float32.
        events = keras.ops.cast(items, self.type_embedding.compute_dtype) * self.dimensions**0.5
        events = events + self.type_embedding(unpadding.remove(event_types))
        # On a logarithmic scale: from a minute to a year it runs from about 0 to 6.
        events = events + self.gap_projection(keras.ops.log1p(days)[..., None])
        events = events + self.position_embedding(unpadding.columns)
        events = self.dropout_layer(events, training=training)
        for decoder in self.decoders:
            events = decoder(events, unpadding=unpadding, training=training)
        return unpadding.restore(keras.ops.cast(self.output_normalization(events), "float32"))

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
