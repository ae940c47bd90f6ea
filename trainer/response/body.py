"""The body of a response network: features in, a vector out; heads stand on top of it."""

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="shelfwise")
class ResponseBody(keras.layers.Layer):
    """Crosses and a hidden layer over numbers, categories, ids and vectors.

    The crosses are those of DCN v2 with low-rank matrices, `x0 * (U (V x)) + x` (Wang et al., "DCN V2: Improved deep &
    cross network", WWW 2021); TFRS has the layer for Keras 2 only. A hidden layer stands beside them.

    Call arguments:
        features: `numbers` float `(batch, numbers)`, standardised, without NaN; `categories` int `(batch, categories)`;
            `vectors` float `(batch, width)`; `item` int `(batch,)`.
        training: Whether dropout is on.

    Returns:
        float `(batch, width)`; the width is `crossed + units`.

    Args:
        vocabulary_sizes: Number of values of each categorical feature; place 0 is what is unknown.
        items: Number of offers or products; place 0 is what is unknown.
        vector_width: Width of `vectors`; may be 0.
        units: Width of the hidden layer; 0 leaves it out.
        cross_layers: Layers of crosses; 0 leaves them out, and the vector is that of the hidden layer alone.
        cross_rank: Rank of their matrices.
        embedding: Numbers that stand for a category.
        item_embedding: Numbers that stand for an item; 0 leaves ids out.
        vector_units: Numbers that the vectors are made into.
        dropout: Share that is left out.
    """

    def __init__(
        self,
        *,
        vocabulary_sizes: Sequence[int],
        items: int,
        vector_width: int,
        units: int,
        cross_layers: int,
        cross_rank: int,
        embedding: int,
        item_embedding: int,
        vector_units: int,
        dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._own: dict[str, Any] = {
            "vocabulary_sizes": tuple(vocabulary_sizes),
            "items": items,
            "vector_width": vector_width,
            "units": units,
            "cross_layers": cross_layers,
            "cross_rank": cross_rank,
            "embedding": embedding,
            "item_embedding": item_embedding,
            "vector_units": vector_units,
            "dropout": dropout,
        }
        self._category_embeddings = [
            keras.layers.Embedding(size + 1, min(embedding, size + 1), name=f"category_{number}")
            for number, size in enumerate(vocabulary_sizes)
        ]
        self._item_embedding = (
            keras.layers.Embedding(items + 1, item_embedding, name="item") if item_embedding else None
        )
        self._vector = keras.layers.Dense(vector_units, name="vector") if vector_width else None
        self._hidden = keras.layers.Dense(units, activation="gelu", name="hidden") if units else None
        self._narrow = [
            keras.layers.Dense(cross_rank, use_bias=False, name=f"narrow_{number}") for number in range(cross_layers)
        ]
        self._wide: list[Any] = []
        self._dropout = keras.layers.Dropout(dropout)

    def build(self, input_shape: dict[str, Sequence[int | None]]) -> None:
        width = int(input_shape["numbers"][-1] or 0)
        for layer in (*self._category_embeddings, *([self._item_embedding] if self._item_embedding else [])):
            layer.build((None,))
            width += layer.output_dim
        if self._vector:
            self._vector.build((None, self._own["vector_width"]))
            width += self._own["vector_units"]
        if self._hidden:
            self._hidden.build((None, width))
        self._wide = [keras.layers.Dense(width, name=f"wide_{number}") for number in range(len(self._narrow))]
        for narrow, wide in zip(self._narrow, self._wide, strict=True):
            narrow.build((None, width))
            wide.build((None, self._own["cross_rank"]))
        self.built = True

    def call(self, features: dict[str, Any], training: bool = False) -> Any:
        parts = [keras.ops.cast(features["numbers"], self.compute_dtype)]
        embedded = [layer(features["categories"][:, place]) for place, layer in enumerate(self._category_embeddings)]
        if self._item_embedding:
            embedded.append(self._item_embedding(features["item"]))
        parts += embedded
        if self._vector:
            parts.append(self._vector(features["vectors"]))
        values = keras.ops.concatenate(parts, axis=-1)
        found = []
        if self._narrow:
            crossed = values
            for narrow, wide in zip(self._narrow, self._wide, strict=True):
                crossed = values * wide(narrow(crossed)) + crossed
            found.append(crossed)
        if self._hidden:
            found.append(self._hidden(self._dropout(values, training=training)))
        return self._dropout(keras.ops.concatenate(found or [values], axis=-1), training=training)

    def compute_output_shape(self, input_shape: dict[str, Sequence[int | None]]) -> tuple[int | None, int]:
        width = int(input_shape["numbers"][-1] or 0)
        for layer in (*self._category_embeddings, *([self._item_embedding] if self._item_embedding else [])):
            width += layer.output_dim
        width += self._own["vector_units"] if self._vector else 0
        kept = width if self._narrow or not self._hidden else 0
        return (input_shape["numbers"][0], kept + self._own["units"])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._own}
