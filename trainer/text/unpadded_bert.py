"""A BERT backbone run over the tokens of a batch without the padding between its texts."""

from typing import Any, NamedTuple

import tensorflow as tf

from trainer.text.keras_nlp_parts import attend, transformer_parts
from trainer.text.unpadding import Unpadding


class TokenVectors(NamedTuple):
    """What BERT makes of the tokens of a batch, text after text.

    Attributes:
        vectors: `(tokens, dimensions)` in the backbone's dtype of computation.
        texts: int32 `(tokens,)`, the row of the batch that each token is of; not decreasing.
    """

    vectors: Any
    texts: Any

    def means(self, batch: Any) -> Any:
        """Returns the mean over the tokens of each of `batch` texts, float32 `(batch, dimensions)` of length 1."""
        summed = tf.math.unsorted_segment_sum(tf.cast(self.vectors, tf.float32), self.texts, batch)
        # The direction of the sum is that of the mean.
        return tf.math.l2_normalize(summed, axis=-1)


def token_vectors(backbone: Any, token_ids: Any, mask: Any, training: bool) -> TokenVectors:
    """Computes what `backbone` has as its `sequence_output`, for real tokens only.

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
    """
    unpadding = Unpadding(mask)
    vectors = _embed(backbone, unpadding.remove(token_ids), unpadding.columns, training)
    for layer in backbone.transformer_layers:
        parts = transformer_parts(layer)
        attention = parts.attention
        query, key, value = (
            unpadding.restore(_project(project, vectors))
            for project in (attention.query_dense, attention.key_dense, attention.value_dense)
        )
        attended = attend(attention, query, key, value, mask[:, tf.newaxis, :], training)
        attended = _project(attention.output_dense, unpadding.remove(attended))
        vectors = parts.attention_norm(vectors + parts.attention_dropout(attended, training=training))
        forward = parts.outer_dropout(parts.outer(parts.inner(vectors)), training=training)
        vectors = parts.outer_norm(vectors + forward)
    return TokenVectors(vectors, unpadding.rows)


def _project(layer: Any, tokens: Any) -> Any:
    """Calls a layer that wants a batch of texts with the tokens of all texts as one."""
    # An index in brackets would do the same, but its gradient fills an array with zeros first.
    return tf.squeeze(layer(tf.expand_dims(tokens, 0)), 0)


def _embed(backbone: Any, token_ids: Any, positions: Any, training: bool) -> Any:
    tokens = backbone.token_embedding(token_ids)
    segments = backbone.segment_embedding(tf.zeros_like(token_ids))
    # The layer itself numbers the tokens from the first one on, which here is the first text's.
    every_position = tf.cast(tf.convert_to_tensor(backbone.position_embedding.position_embeddings), tokens.dtype)
    summed = tokens + tf.gather(every_position, positions) + segments
    return backbone.embeddings_dropout(backbone.embeddings_layer_norm(summed), training=training)
