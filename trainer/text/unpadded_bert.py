"""A BERT backbone run over the tokens of a batch without the padding between its texts."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from trainer.text.keras_nlp_parts import attend, transformer_parts
from trainer.text.unpadding import Unpadding


class TokenVectors(NamedTuple):
    """What BERT makes of the tokens of a batch, text after text.

    Attributes:
        vectors: `(tokens, dimensions)` in the backbone's dtype of computation; of several layers side by side.
        texts: int32 `(tokens,)`, the row of the batch that each token is of; not decreasing.
    """

    vectors: Any
    texts: Any

    def means(self, batch: Any) -> Any:
        """Returns the mean over the tokens of each of `batch` texts, float32 `(batch, dimensions)` of length 1."""
        summed = tf.math.unsorted_segment_sum(tf.cast(self.vectors, tf.float32), self.texts, batch)
        # The direction of the sum is that of the mean.
        return tf.math.l2_normalize(summed, axis=-1)


class TokenCalls(Protocol):
    """Calls layers in another way than by calling them, and hears which text each token is of."""

    def of_tokens(self, layer: Any, inputs: Any) -> Any: ...

    def between(self, texts: Any) -> None: ...


def token_vectors(
    backbone: Any, token_ids: Any, mask: Any, training: bool, layers: int = 1, calls: TokenCalls | None = None
) -> TokenVectors:
    """Computes what `backbone` has as its `sequence_output`, for real tokens only; of its last `layers`, if asked.

    Nearly all of BERT's work looks at one token at a time, and is done here for the tokens of all texts in one row;
    only attention sees the texts side by side, padded. The cost is that of the real tokens: short product titles in
    a batch take about half the time of a padded batch. Layers, weights and dropout are the backbone's own, so that
    what is trained here is what is saved. Shapes depend on the data, which XLA cannot compile.

    Source: the removal of padding as in Zeng et al., Boosting Distributed Training Performance of the Unpadded BERT
    Model, 2022.

    Args:
        backbone: A `keras_nlp.models.BertBackbone`.
        token_ids: int32 `(batch, width)`.
        mask: bool `(batch, width)`, true for real tokens; the tokens of a text are its first columns.
        training: Whether dropout is on.
        layers: How many of the last layers' outputs stand side by side, the last one at the end.
        calls: Calls the layers that learn; None for them to be called as they are.
    """
    unpadding = Unpadding(mask)
    apply = _plainly if calls is None else calls.of_tokens
    if calls is not None:
        calls.between(unpadding.rows)
    vectors = _embed(backbone, unpadding.remove(token_ids), unpadding.columns, training, apply)
    found = []
    for layer in backbone.transformer_layers:
        parts = transformer_parts(layer)
        attention = parts.attention
        query, key, value = (
            unpadding.restore(_project(apply, project, vectors))
            for project in (attention.query_dense, attention.key_dense, attention.value_dense)
        )
        attended = attend(attention, query, key, value, mask[:, tf.newaxis, :], training)
        attended = _project(apply, attention.output_dense, unpadding.remove(attended))
        attended = parts.attention_dropout(attended, training=training)
        vectors = apply(parts.attention_norm, vectors + attended)
        forward = parts.outer_dropout(apply(parts.outer, apply(parts.inner, vectors)), training=training)
        vectors = apply(parts.outer_norm, vectors + forward)
        found.append(vectors)
    return TokenVectors(side_by_side(found, layers), unpadding.rows)


def side_by_side(outputs: Sequence[Any], layers: int) -> Any:
    """Returns the outputs `(tokens, dimensions)` of the last `layers` as one, `(tokens, layers * dimensions)`."""
    return outputs[-1] if layers == 1 else tf.concat(outputs[-layers:], axis=-1)


def _plainly(layer: Any, inputs: Any) -> Any:
    return layer(inputs)


def _project(apply: Callable[[Any, Any], Any], layer: Any, tokens: Any) -> Any:
    """Calls a layer that wants a batch of texts with the tokens of all texts as one."""
    # An index in brackets would do the same, but its gradient fills an array with zeros first.
    return tf.squeeze(apply(layer, tf.expand_dims(tokens, 0)), 0)


def _embed(backbone: Any, token_ids: Any, positions: Any, training: bool, apply: Callable[[Any, Any], Any]) -> Any:
    tokens = backbone.token_embedding(token_ids)
    segments = backbone.segment_embedding(tf.zeros_like(token_ids))
    # The layer itself numbers the tokens from the first one on, which here is the first text's.
    every_position = tf.cast(tf.convert_to_tensor(backbone.position_embedding.position_embeddings), tokens.dtype)
    summed = tokens + tf.gather(every_position, positions) + segments
    return backbone.embeddings_dropout(apply(backbone.embeddings_layer_norm, summed), training=training)
