"""A BERT backbone run over the tokens of a batch without the padding between its texts."""

from typing import Any, NamedTuple

import tensorflow as tf


class TokenVectors(NamedTuple):
    """What BERT makes of the tokens of a batch, text after text.

    Attributes:
        vectors: `(tokens, dimensions)` in the backbone's dtype of computation.
        texts: int32 `(tokens,)`, the row of the batch that each token is of; not decreasing.
    """

    vectors: Any
    texts: Any


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
    batch, width = tf.unstack(tf.shape(token_ids))
    places = tf.cast(tf.where(tf.reshape(mask, [-1]))[:, 0], tf.int32)
    # For each place of the padded batch its token among the real ones; padding repeats the first, which nothing reads.
    sources = tf.scatter_nd(places[:, tf.newaxis], tf.range(tf.size(places)), [batch * width])

    def padded(tokens: Any) -> Any:
        return tf.reshape(tf.gather(tokens, sources), tf.concat([[batch, width], tf.shape(tokens)[1:]], axis=0))

    def unpadded(tokens: Any) -> Any:
        return tf.gather(tf.reshape(tokens, tf.concat([[batch * width], tf.shape(tokens)[2:]], axis=0)), places)

    vectors = _embed(backbone, tf.gather(tf.reshape(token_ids, [-1]), places), places % width, training)
    for layer in backbone.transformer_layers:
        # KerasNLP has no public names for the parts of a layer.
        attention = layer._self_attention_layer
        query, key, value = (
            padded(project(vectors[tf.newaxis])[0])
            for project in (attention.query_dense, attention.key_dense, attention.value_dense)
        )
        attended, _ = attention._compute_attention(query, key, value, mask[:, tf.newaxis, :], training=training)
        attended = attention.output_dense(unpadded(attended)[tf.newaxis])[0]
        attended = layer._self_attention_dropout(attended, training=training)
        vectors = layer._self_attention_layer_norm(vectors + attended)
        forward = layer._feedforward_output_dense(layer._feedforward_intermediate_dense(vectors))
        forward = layer._feedforward_dropout(forward, training=training)
        vectors = layer._feedforward_layer_norm(vectors + forward)
    return TokenVectors(vectors, places // width)


def _embed(backbone: Any, token_ids: Any, positions: Any, training: bool) -> Any:
    tokens = backbone.token_embedding(token_ids)
    segments = backbone.segment_embedding(tf.zeros_like(token_ids))
    # The layer itself numbers the tokens from the first one on, which here is the first text's.
    every_position = tf.cast(tf.convert_to_tensor(backbone.position_embedding.position_embeddings), tokens.dtype)
    summed = tokens + tf.gather(every_position, positions) + segments
    return backbone.embeddings_dropout(backbone.embeddings_layer_norm(summed), training=training)
