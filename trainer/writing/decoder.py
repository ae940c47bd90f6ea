"""Greedy decoding of a causal language model of KerasHub's, in plain ops and a small graph."""

import inspect
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from serving.writing.language import LanguageOps
from trainer.writing.stacked_layers import StackedLayers, are_alike


class Decoder:
    """Writes on after what is given, with the layers of a KerasHub model and its cache of keys and values.

    KerasHub's own loop computes the first pass over all columns, those that are still to be written too, and its graph
    has every layer twice. Here the first pass ends where the shortest row does, and a graph has one layer.

    Args:
        model: A `keras_nlp.models.CausalLM` of which `can_decode` is true.
        ends: Tokens that end a text.
        prefix: Tokens that all rows begin with; what they leave in the cache is computed here, once.
    """

    def __init__(self, model: Any, ends: Sequence[int], prefix: Sequence[int] = ()) -> None:
        self._layers = layers = StackedLayers(model.backbone.transformer_layers)
        self._model, self._ends = type(model), list(ends)
        # What the methods of the model read, with one layer in place of all.
        self._stacked = _Replaced(model, backbone=_Replaced(model.backbone, num_layers=1, transformer_layers=[layers]))
        self._cache_only = _Replaced(model, call_with_cache=lambda _, cache, __: (None, None, cache))
        held = {id(variable) for layer in model.backbone.transformer_layers for variable in layer.variables}
        others = [variable.value for variable in model.backbone.variables if id(variable) not in held]
        self.variables = [*others, *layers.variables]
        self._prefix_width, self._prefix_cache = 0, None
        if prefix:
            tokens = tf.constant([list(prefix)], tf.int32)
            _, _, cache = self._call(tokens, self._begun_cache(tokens), 0)
            self._prefix_width, self._prefix_cache = len(prefix), tf.Variable(cache, trainable=False)
            self.variables.append(self._prefix_cache)

    def generate(self, token_ids: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
        """Returns the ids with those that are not given written, each the most probable one.

        It stops where each row has written an end.

        Args:
            token_ids: int32 `(batch, width)`.
            given: bool `(batch, width)`: which of them are given, those at the left.
        """
        width = tf.shape(token_ids)[1]
        shortest = tf.reduce_min(tf.reduce_sum(tf.cast(given, tf.int32), axis=1))
        # The last given column is where the first logits are needed. Layers of KerasHub's may fail on no column at all.
        start = tf.maximum(shortest - 1, 0)
        stop = tf.maximum(start, 1)
        begin = tf.minimum(self._prefix_width, stop - 1)
        _, _, cache = self._call(token_ids[:, begin:stop], self._begun_cache(token_ids), begin)

        def write(column: tf.Tensor, ids: tf.Tensor, cache: tf.Tensor, ended: tf.Tensor) -> tuple[tf.Tensor, ...]:
            logits, _, cache = self._call(ids[:, column : column + 1], cache, column)
            column += 1
            is_given = given[:, column]
            token = tf.where(is_given, ids[:, column], tf.argmax(logits[:, 0], axis=1, output_type=tf.int32))
            is_end = tf.reduce_any(token[:, tf.newaxis] == tf.constant(self._ends, tf.int32), axis=1)
            ids = tf.where(tf.range(width) == column, token[:, tf.newaxis], ids)
            return column, ids, cache, ended | (is_end & ~is_given)

        _, ids, _, _ = tf.while_loop(
            lambda column, ids, cache, ended: (column < width - 1) & ~tf.reduce_all(ended),
            write,
            (start, token_ids, cache, tf.zeros_like(given[:, 0])),
        )
        return ids

    def next_logits(self, token_ids: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
        """Returns what comes after the given ones, float32 `(batch, vocabulary)`; see `generate`."""
        begin = tf.minimum(self._prefix_width, tf.shape(token_ids)[1] - 1)
        _, hidden, _ = self._call(token_ids[:, begin:], self._begun_cache(token_ids), begin)
        return _last_logits(self._stacked.backbone, hidden, given[:, begin:])

    def _call(self, token_ids: tf.Tensor, cache: tf.Tensor, start: Any) -> Any:
        return self._model.call_with_cache(self._stacked, token_ids, cache, start)

    def _begun_cache(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Returns the cache before anything but the prefix was read, with the width in dimension 4.

        The methods of the model read a cache a layer in dimension 1.
        """
        _, cache = self._model._build_cache(self._cache_only, token_ids)
        empty = self._layers.arranged(tf.transpose(cache, [1, 0, *range(2, len(cache.shape))])[:, tf.newaxis])
        if self._prefix_cache is None:
            return empty
        rest = empty[:, :, :, :, self._prefix_width :]
        batch = tf.shape(token_ids)[0]
        prefix = tf.repeat(self._prefix_cache, batch, axis=2)
        return tf.concat([prefix, rest], axis=4)


def can_decode(model: Any) -> bool:
    """Returns whether `Decoder` can be made of a model: its layers are alike, and so are their caches."""
    layers = getattr(model.backbone, "transformer_layers", [])
    builds = getattr(type(model), "_build_cache", None)
    return (
        len(layers) > 0
        and builds is not None
        and list(inspect.signature(builds).parameters) == ["self", "token_ids"]
        and are_alike(layers)
    )


def keras_hub_ops(model: Any, ends: Sequence[int]) -> LanguageOps:
    """Returns a `keras_nlp.models.CausalLM` as KerasHub itself decodes: slower, and for any of them."""
    model.compile(sampler="greedy")

    def generate(token_ids: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
        written = model.generate_step({"token_ids": token_ids, "padding_mask": given}, stop_token_ids=tuple(ends))
        return written["token_ids"]

    def next_logits(token_ids: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
        hidden = model.backbone({"token_ids": token_ids, "padding_mask": given})
        return _last_logits(model.backbone, hidden, given)

    return LanguageOps(generate, next_logits, [variable.value for variable in model.backbone.variables])


def _last_logits(backbone: Any, hidden: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    last = tf.reduce_sum(tf.cast(given, tf.int32), axis=1) - 1
    return tf.cast(backbone.token_embedding(tf.gather(hidden, last, batch_dims=1), reverse=True), tf.float32)


class _Replaced:
    """An object with other values of some attributes."""

    def __init__(self, whole: Any, **replaced: Any) -> None:
        self.__dict__.update(replaced, _whole=whole)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)
