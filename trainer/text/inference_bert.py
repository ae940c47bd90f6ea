"""A BERT backbone as a served model computes it: the same numbers in fewer, larger operations."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.text.keras_nlp_parts import transformer_parts
from trainer.text.unpadded_bert import TokenVectors, side_by_side
from trainer.text.unpadding import Unpadding


class InferenceBert(tf.Module):
    """What `trainer.text.unpadded_bert` computes, without dropout and from weights of its own.

    Query, key and value are one product, whose query comes scaled; positions and the segment are one table. The graph
    has fewer nodes than KerasNLP's layers make, so it is traced and loaded sooner, and one text is answered sooner.

    Args:
        backbone: A `keras_nlp.models.BertBackbone`; its weights are copied, merged with LoRA's.
        dtype: Type that matrices are multiplied in, and activations held in between. Sums, normalisations and the
            softmax are float32 anyway.
        layers: How many of the last layers' outputs stand side by side.
    """

    def __init__(self, backbone: Any, dtype: tf.DType = tf.float32, layers: int = 1) -> None:
        super().__init__(name="inference_bert")
        self.dimensions: int = backbone.hidden_dim * layers
        self._last_layers = layers
        positions = backbone.position_embedding.position_embeddings
        self._tokens = _variable(backbone.token_embedding.embeddings)
        self._positions = _variable(_array(positions) + _array(backbone.segment_embedding.embeddings)[0])
        self._norm = _LayerNorm(backbone.embeddings_layer_norm)
        self._layers = [_Layer(layer, backbone.hidden_dim, dtype) for layer in backbone.transformer_layers]

    def __call__(self, token_ids: Any, mask: Any) -> TokenVectors:
        """Computes float32 vectors of the real tokens; see `trainer.text.unpadded_bert.token_vectors`."""
        unpadding = Unpadding(mask)
        return self._encode(self.embed_tokens(unpadding.remove(token_ids)), unpadding, mask)

    def embed_tokens(self, token_ids: Any) -> Any:
        """Looks up the word embeddings of int32 token ids, float32 `(..., dimensions)`."""
        return tf.gather(self._tokens, token_ids)

    def encode_embeddings(self, embeddings: Any, mask: Any) -> TokenVectors:
        """Does what a call does, for float32 `(batch, width, dimensions)` in place of the words' own embeddings."""
        unpadding = Unpadding(mask)
        return self._encode(unpadding.remove(embeddings), unpadding, mask)

    def _encode(self, tokens: Any, unpadding: Unpadding, mask: Any) -> TokenVectors:
        vectors = self._norm(tokens + tf.gather(self._positions, unpadding.columns))
        # Added to the scores of attention: nothing looks at padding.
        bias = tf.where(mask, 0.0, -1e9)[:, tf.newaxis, tf.newaxis, :]
        found = []
        for layer in self._layers:
            vectors = layer(vectors, unpadding, bias)
            found.append(vectors)
        return TokenVectors(side_by_side(found, self._last_layers), unpadding.rows)


class _Layer(tf.Module):
    """A transformer layer."""

    def __init__(self, layer: Any, dimensions: int, dtype: tf.DType) -> None:
        super().__init__()
        parts = transformer_parts(layer)
        attention = parts.attention
        self._heads = attention.num_heads
        kernels, biases = zip(
            *(_kernel_and_bias(part) for part in (attention.query_dense, attention.key_dense, attention.value_dense)),
            strict=True,
        )
        scale = np.repeat(np.array([attention.key_dim**-0.5, 1.0, 1.0], np.float32), dimensions)
        self._projection = _Dense(
            np.concatenate([kernel.reshape(dimensions, -1) for kernel in kernels], 1) * scale,
            np.concatenate([bias.reshape(-1) for bias in biases]) * scale,
            dtype,
        )
        kernel, bias = _kernel_and_bias(attention.output_dense)
        self._attended = _Dense(kernel.reshape(-1, dimensions), bias, dtype)
        self._attended_norm = _LayerNorm(parts.attention_norm)
        self._inner = _Dense(*_kernel_and_bias(parts.inner), dtype)
        self._activation = parts.inner.activation
        self._outer = _Dense(*_kernel_and_bias(parts.outer), dtype)
        self._outer_norm = _LayerNorm(parts.outer_norm)

    def __call__(self, vectors: Any, unpadding: Unpadding, bias: Any) -> Any:
        # Split and stacked, the heads take a quarter of the time of a transposition where there is one short text.
        parts = tf.split(unpadding.restore(self._projection(vectors)), 3, axis=-1)
        query, key, value = (tf.stack(tf.split(part, self._heads, axis=-1), axis=1) for part in parts)
        weights = tf.nn.softmax(tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32) + bias)
        attended = tf.concat(tf.unstack(tf.matmul(tf.cast(weights, value.dtype), value), axis=1), axis=-1)
        vectors = self._attended_norm(vectors + tf.cast(self._attended(unpadding.remove(attended)), tf.float32))
        forward = self._outer(self._activation(self._inner(vectors)))
        return self._outer_norm(vectors + tf.cast(forward, tf.float32))


class _Dense(tf.Module):
    def __init__(self, kernel: NDArray[np.float32], bias: NDArray[np.float32], dtype: tf.DType) -> None:
        super().__init__()
        self._kernel, self._bias = _variable(kernel, dtype), _variable(bias, dtype)

    def __call__(self, inputs: Any) -> Any:
        return tf.nn.bias_add(tf.matmul(tf.cast(inputs, self._kernel.dtype), self._kernel), self._bias)


class _LayerNorm(tf.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._gamma, self._beta, self._epsilon = _variable(layer.gamma), _variable(layer.beta), layer.epsilon

    def __call__(self, inputs: Any) -> Any:
        mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
        return tf.nn.batch_normalization(inputs, mean, variance, self._beta, self._gamma, self._epsilon)


def _kernel_and_bias(layer: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return _array(layer.kernel), _array(layer.bias)


def _array(weight: Any) -> NDArray[np.float32]:
    return np.asarray(tf.convert_to_tensor(weight), np.float32)


def _variable(weight: Any, dtype: tf.DType = tf.float32) -> tf.Variable:
    return tf.Variable(tf.cast(_array(weight), dtype), trainable=False)
