"""Batch normalisation as a part of the convolution before it, which is what it comes to once a network has learned."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="shelfwise")
class Shift(keras.layers.Layer):
    """Adds a number to each channel, the last axis; convolution, shift and activation are one step to TensorFlow."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return inputs + keras.ops.convert_to_tensor(self.bias)


def fold_batch_norm(model: keras.Model) -> keras.Model:
    """Returns a functional model that computes the same, for inference, in fewer steps.

    A batch normalisation that alone reads a convolution without bias or activation goes into its kernel; any other
    stays.

    Args:
        model: Functional. It is left as it is.
    """
    sources = {layer["name"]: list(_layers_read(layer["inbound_nodes"])) for layer in model.get_config()["layers"]}
    readers = Counter(name for names in sources.values() for name in names)
    folded = {}
    for norm in model.layers:
        read = sources[norm.name]
        alone = isinstance(norm, keras.layers.BatchNormalization) and len(read) == 1 and readers[read[0]] == 1
        if alone and _can_take_over(model.get_layer(read[0])):
            folded[read[0]] = norm
    shifts = {norm.name: name for name, norm in folded.items()}

    def clone(layer: Any) -> Any:
        return Shift(name=layer.name) if layer.name in shifts else layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=clone)
    for layer in model.layers:
        if not layer.weights:
            continue
        new = copy.get_layer(layer.name)
        if layer.name in folded:
            norm = folded[layer.name]
            factor = _factor(norm)
            kernel = np.asarray(layer.kernel)
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            # A kernel's last axes: the input's channel and what is made of it; of each channel one thing alone here.
            new.set_weights([kernel * (factor[:, np.newaxis] if depthwise else factor)])
        elif layer.name in shifts:
            beta = np.asarray(layer.beta) if layer.center else 0.0
            new.set_weights([beta - np.asarray(layer.moving_mean) * _factor(layer)])
        else:
            new.set_weights(layer.get_weights())
    copy.trainable = False
    return copy


def _factor(norm: keras.layers.BatchNormalization) -> np.ndarray:
    gamma = np.asarray(norm.gamma) if norm.scale else 1.0
    factor: np.ndarray = gamma / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
    return factor


def _can_take_over(layer: Any) -> bool:
    """Returns whether a layer multiplies each channel by a kernel of its own, and does nothing else."""
    if not isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        return False
    plain = not layer.use_bias and layer.activation is keras.activations.linear
    return plain and getattr(layer, "depth_multiplier", 1) == 1 and layer.data_format == "channels_last"


def _layers_read(nodes: Any) -> Iterator[str]:
    """Yields the names of the layers whose outputs the nodes of a serialised layer read."""
    if isinstance(nodes, dict):
        if "keras_history" in nodes:
            yield nodes["keras_history"][0]
        nodes = nodes.values()
    elif not isinstance(nodes, list | tuple):
        return
    for node in nodes:
        yield from _layers_read(node)
