"""Attention of Llamas from a cache in the order that matrix products read: nothing is repeated or turned round."""

import importlib
from typing import Any

import tensorflow as tf

from trainer.fitting.keras_parts import private

_LLAMA = "keras_hub.src.models.llama.llama_attention"
_ATTENTION = "_self_attention_layer"


class GroupedAttention:
    """Computes what KerasHub's LlamaAttention computes, with another cache, and returns what is to be written into it.

    KerasHub holds keys and values one after the other, token by token, so that each new token has both copied apart,
    repeated for the heads that share them, and turned round to be multiplied. Here a head's keys and values stand side
    by side, `(batch, key heads, width, 2 * size)`: queries are filled up with zeros to read the keys alone, and of what
    is mixed the second half are the values. New tokens are looked at beside the cache, so that no layer has to copy its
    own for them.

    Args:
        attention: A LlamaAttention, built.
    """

    def __init__(self, attention: Any) -> None:
        self._attention = attention

    def __call__(
        self, hidden_states: tf.Tensor, attention_mask: tf.Tensor, cache: tf.Tensor, cache_update_index: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what is attended to, `(batch, new, units)`, and new keys and values, like the cache, `new` wide.

        Args:
            hidden_states: float `(batch, new, units)`.
            attention_mask: bool or int `(batch, new, width)`: what each new token looks at.
            cache: As `arranged` makes it, float `(batch, key heads, width, 2 * size)`.
            cache_update_index: Place of the first new token; nothing of the cache is read from there on.
        """
        of, first = self._attention, cache_update_index
        query, key = (
            of.rotary_embedding_layer(dense(hidden_states), start_index=first)
            for dense in (self._part("_query_dense"), self._part("_key_dense"))
        )
        value = self._part("_value_dense")(hidden_states)
        added = tf.transpose(tf.concat([key, value], axis=-1), [0, 2, 1, 3])
        batch, new, width = tf.shape(query)[0], tf.shape(query)[1], tf.shape(cache)[2]
        heads, shared, size = of.num_key_value_heads, of.num_key_value_groups, query.shape[3]
        # A row of a head of keys is a query head that shares it, and a new token.
        asked = tf.transpose(tf.reshape(query, [batch, new, heads, shared, size]), [0, 2, 3, 1, 4])
        asked = tf.reshape(asked, [batch, heads, shared * new, size])
        asked = tf.pad(asked, [[0, 0], [0, 0], [0, 0], [0, size]])
        both = [tf.matmul(asked, each, transpose_b=True) for each in (cache, added)]
        scores = tf.concat(both, axis=-1) * tf.cast(self._part("_inv_norm_factor"), asked.dtype)
        scores = tf.reshape(scores, [batch, heads, shared, new, width + new])
        seen = tf.cast(attention_mask, tf.bool)
        seen = tf.concat([seen & (tf.range(width) < first), seen[:, :, first : first + new]], axis=-1)
        weights = self._part("_softmax")(scores, seen[:, tf.newaxis, tf.newaxis])
        weights = tf.reshape(tf.cast(weights, cache.dtype), [batch, heads, shared * new, width + new])
        mixed = tf.matmul(weights[..., :width], cache) + tf.matmul(weights[..., width:], added)
        mixed = tf.reshape(mixed[..., size:], [batch, heads, shared, new, size])
        mixed = tf.reshape(tf.transpose(mixed, [0, 3, 1, 2, 4]), [batch, new, heads * shared, size])
        return self._part("_output_dense")(mixed), added

    def _part(self, name: str) -> Any:
        return private(self._attention, name, "keras-hub", __name__)


class GroupedLayer:
    """A decoder layer of a Llama with GroupedAttention in place of its own.

    Args:
        layer: A LlamaTransformerDecoder, built; see `is_llama`.
    """

    def __init__(self, layer: Any) -> None:
        self._layer, self._attention = layer, GroupedAttention(getattr(layer, _ATTENTION))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return type(self._layer).call(self, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return self._attention if name == _ATTENTION else getattr(self._layer, name)


def is_llama(layer: Any) -> bool:
    """Returns whether a decoder layer attends as GroupedAttention does."""
    try:
        llama = importlib.import_module(_LLAMA).LlamaAttention
    except (ImportError, AttributeError):
        return False
    return type(getattr(layer, _ATTENTION, None)) is llama


def arranged(cache: tf.Tensor) -> tf.Tensor:
    """Returns a cache of KerasHub's, `(…, 2, width, key heads, size)`, as `(…, key heads, width, 2 * size)`."""
    outer = len(cache.shape) - 4
    turned = tf.transpose(cache, [*range(outer), outer + 2, outer + 1, outer, outer + 3])
    shape = tf.shape(turned)
    return tf.reshape(turned, tf.concat([shape[:-2], [2 * cache.shape[-1]]], axis=0))
