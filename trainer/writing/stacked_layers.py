"""Layers that differ in their weights alone, run as one layer in a loop."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from trainer.fitting.keras_parts import nested_layers
from trainer.writing.grouped_attention import GroupedLayer, arranged, is_llama

_CACHE, _UPDATE_INDEX = "cache", "_update_index"
_PLAIN = (bool, int, float, str, tuple, type(None))


class StackedLayers:
    """KerasHub decoder layers one after another, each with its cache: what a graph holds once, not once a layer.

    Args:
        layers: The layers, built; those of which `are_alike` is true.
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        first, self._count = layers[0], len(layers)
        self._grouped = is_llama(first)
        self._call = GroupedLayer(first) if self._grouped else first
        self._of_first = first.variables
        same = zip(*(each.variables for each in layers), strict=True)
        # A slice of the first dimension is not copied when it is taken.
        self.variables = [tf.Variable(tf.stack([each.value for each in values]), trainable=False) for values in same]

    def arranged(self, caches: tf.Tensor) -> tf.Tensor:
        """Returns caches of KerasHub's, `(layers, 1, batch, 2, width, …)`, in the order that the layers read."""
        return arranged(caches) if self._grouped else caches

    def __call__(self, x: tf.Tensor, **named: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what the last layer puts out, and the new caches.

        Args:
            x: What the first layer reads, float `(batch, width, units)`.
            **named: What each layer reads beside; the one whose name ends in `cache` has a cache a layer, in its first
                dimension.
        """
        name = next(each for each in named if each.endswith(_CACHE))
        caches = named.pop(name)
        written = tf.TensorArray(caches.dtype, self._count)

        def run(place: tf.Tensor, x: tf.Tensor, written: tf.TensorArray) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
            values = [variable[place] for variable in self.variables]
            with keras.StatelessScope(state_mapping=list(zip(self._of_first, values, strict=True))):
                after, cache = self._call(x, **named, **{name: caches[place]})
            return place + 1, tf.ensure_shape(after, x.shape), written.write(place, cache)

        _, x, written = tf.while_loop(lambda place, *_: place < self._count, run, (tf.constant(0), x, written))
        if not self._grouped:
            return x, tf.ensure_shape(written.stack(), caches.shape)
        start = [0, 0, 0, named[name + _UPDATE_INDEX], 0]
        return x, keras.ops.slice_update(caches, start, written.stack())


def are_alike(layers: Sequence[Any]) -> bool:
    """Returns whether layers differ in their names and the values of their weights alone."""
    return all(_make(each) == _make(layers[0]) for each in layers[1:])


def _make(layer: Any) -> list[Any]:
    """Returns the classes, settings and shapes of a layer and of all within it.

    `get_config` would say it, but that of KerasHub 0.32's Llama fails.
    """
    return [
        (type(each), _settings(each), [tuple(variable.shape) for variable in each.variables])
        for each in (layer, *nested_layers(layer))
    ]


def _settings(layer: Any) -> dict[str, Any]:
    public = {name: value for name, value in vars(layer).items() if name != "name" and not name.startswith("_")}
    return {name: value for name, value in public.items() if isinstance(value, _PLAIN)}
