"""Gradients of each text by itself, from one pass forth and one back."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf


class _Call(NamedTuple):
    """What a layer read, and what it made of that before its activation, both text after text."""

    layer: Any
    inputs: Any
    outputs: Any
    per_token: bool


class LayerRecorder:
    """Calls layers, and tells afterwards what each text has to say of their weights.

    The loss of a text depends on nothing but the text, so the gradient by what a layer made of a text is that text's
    own, and with what the layer read it gives the gradient by the layer's weights. No weight is differentiated for each
    text anew, and none twice.

    Source: Goodfellow, "Efficient per-example gradient computations", 2015; Bu et al., "Differentially private
    optimization on large model at small cost", ICML 2023.

    It knows Dense and EinsumDense, each with LoRA or without, and LayerNormalization.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._texts: Any = None

    def of_texts(self, layer: Any, inputs: Any) -> Any:
        """Calls a layer that reads a vector a text, `(batch, d)`."""
        return self._call(layer, inputs, per_token=False)

    def of_tokens(self, layer: Any, inputs: Any) -> Any:
        """Calls a layer that reads the tokens of all texts, `(tokens, d)` or `(1, tokens, d)`; see `between`."""
        return self._call(layer, inputs, per_token=True)

    def between(self, texts: Any) -> None:
        """Takes the row, int32 `(tokens,)`, of the text that each token is of; not decreasing."""
        self._texts = texts

    def gradients(self, tape: tf.GradientTape, loss: Any, variables: Sequence[Any], batch: Any) -> list[Any]:
        """Returns the gradients of each text, float32 `(batch, *shape)`, one for each variable.

        Args:
            tape: What watched the calls.
            loss: Sum over the texts of losses that each depend on their own text alone, a scalar.
            variables: Those to differentiate by.
            batch: Texts, an int32 scalar.

        Raises:
            ValueError: A variable is of no layer that was called here, or of a kind that is not known.
        """
        found: dict[int, Any] = {}
        slopes = tape.gradient(loss, [call.outputs for call in self._calls])
        for call, slope in zip(self._calls, slopes, strict=True):
            if slope is not None:
                for variable, gradient in self._of_call(call, slope, batch):
                    found[id(variable)] = found[id(variable)] + gradient if id(variable) in found else gradient
        missing = [variable.path for variable in variables if id(variable) not in found]
        if missing:
            raise ValueError(
                "Private training knows the gradients of Dense, EinsumDense and LayerNormalization, with LoRA or "
                f"without; it has none of {', '.join(missing)}: train `frozen` or `lora`."
            )
        return [tf.reshape(found[id(each)], [batch, *each.shape]) for each in variables]

    def _call(self, layer: Any, inputs: Any, per_token: bool) -> Any:
        if isinstance(layer, keras.layers.LayerNormalization):
            outputs = layer(inputs)
            self._calls.append(_Call(layer, inputs, outputs, per_token))
            return outputs
        kernel, inputs = (tf.cast(tf.convert_to_tensor(each), layer.compute_dtype) for each in (layer.kernel, inputs))
        is_einsum = isinstance(layer, keras.layers.EinsumDense)
        outputs = keras.ops.einsum(layer.equation, inputs, kernel) if is_einsum else tf.matmul(inputs, kernel)
        if layer.bias is not None:
            outputs += tf.cast(tf.convert_to_tensor(layer.bias), outputs.dtype)
        self._calls.append(_Call(layer, inputs, outputs, per_token))
        return outputs if layer.activation is None else layer.activation(outputs)

    def _of_call(self, call: _Call, slope: Any, batch: Any) -> list[tuple[Any, Any]]:
        """Returns what each text says of each trainable variable, flat behind the first dimension."""
        layer = call.layer
        trained = {id(variable) for variable in layer.trainable_variables}
        read = self._by_text(call, _rows(call.inputs, layer, inputs=True), batch)
        slopes = self._by_text(call, _rows(slope, layer, inputs=False), batch)
        if isinstance(layer, keras.layers.LayerNormalization):
            wanted = [(layer.gamma, tf.reduce_sum(slopes * _normalised(read, layer.epsilon), axis=1))]
            wanted.append((layer.beta, tf.reduce_sum(slopes, axis=1)))
        else:
            wanted = [] if layer.bias is None else [(layer.bias, tf.reduce_sum(slopes, axis=1))]
            if layer.lora_enabled:
                wanted += _of_lora(layer, read, slopes)
            elif id(layer.kernel) in trained:
                wanted.append((layer.kernel, tf.matmul(read, slopes, transpose_a=True)))
        return [(variable, gradient) for variable, gradient in wanted if id(variable) in trained]

    def _by_text(self, call: _Call, rows: Any, batch: Any) -> Any:
        """Returns `(batch, width, d)` of rows, zeros behind the last token of a text."""
        if not call.per_token:
            return rows[:, tf.newaxis]
        ragged = tf.RaggedTensor.from_value_rowids(rows, self._texts, tf.cast(batch, self._texts.dtype), validate=False)
        return ragged.to_tensor(shape=[None, None, rows.shape[-1]])


def _of_lora(layer: Any, read: Any, slopes: Any) -> list[tuple[Any, Any]]:
    # The kernel is W + scale A B, so what a text says of W says it of A and B.
    scale = layer.lora_alpha / layer.lora_rank
    inner, outer = (tf.convert_to_tensor(each) for each in (layer.lora_kernel_a, layer.lora_kernel_b))
    to_inner = tf.matmul(slopes, tf.broadcast_to(outer, [tf.shape(slopes)[0], *outer.shape]), transpose_b=True)
    narrow = tf.matmul(read, tf.broadcast_to(inner, [tf.shape(read)[0], *inner.shape]))
    return [
        (layer.lora_kernel_a, scale * tf.matmul(read, to_inner, transpose_a=True)),
        (layer.lora_kernel_b, scale * tf.matmul(narrow, slopes, transpose_a=True)),
    ]


def _rows(values: Any, layer: Any, inputs: bool) -> Any:
    """Returns float32 `(rows, d)`, without the leading 1 and with the heads of attention side by side."""
    size = values.shape[-1]
    if not isinstance(layer, keras.layers.LayerNormalization):
        kernel = layer.kernel.shape
        outputs = math.prod(kernel[-1:] if layer.bias is None else layer.bias.shape)
        size = math.prod(kernel) // outputs if inputs else outputs
    return tf.cast(tf.reshape(values, [-1, size]), tf.float32)


def _normalised(read: Any, epsilon: float) -> Any:
    mean, variance = tf.nn.moments(read, axes=[-1], keepdims=True)
    return (read - mean) * tf.math.rsqrt(variance + epsilon)
