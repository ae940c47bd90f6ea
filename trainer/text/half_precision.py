"""BERT in bfloat16, which a processor that has instructions for it multiplies nearly twice as fast as float32."""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.text.inference_bert import InferenceBert

# What Linux calls the instructions; TensorFlow computes bfloat16 without them too, but no faster.
_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
_PROCESSORS = Path("/proc/cpuinfo")


@functools.cache
def multiplies_in_bfloat16() -> bool:
    """Says whether matrices are best multiplied in bfloat16: on a processor with instructions for it, and no GPU."""
    if tf.config.list_physical_devices("GPU") or not _PROCESSORS.exists():
        return False
    with _PROCESSORS.open() as lines:
        return has_instructions(lines)


def has_instructions(lines: Iterable[str]) -> bool:
    """Says whether the first processor that `/proc/cpuinfo` describes has instructions for products in bfloat16."""
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _FLAGS.isdisjoint(flags.split())


class HalfPrecisionStep:
    """Encodes batches of token ids in bfloat16; no tf.Module, so that nothing of it is saved with an encoder.

    Call arguments:
        token_ids: int32 `(batch, width)`, padded with `padding`.

    Returns:
        float32 `(batch, dimensions)` of length 1.

    Args:
        backbone: A `keras_nlp.models.BertBackbone`; its weights are copied.
        padding: Id of the token that pads.
        layers: How many of the last layers the vectors are of.
    """

    def __init__(self, backbone: Any, padding: int, layers: int = 1) -> None:
        bert = InferenceBert(backbone, tf.bfloat16, layers)
        self._bert = bert
        self._encode = tf.function(
            lambda token_ids: bert(token_ids, token_ids != padding).means(tf.shape(token_ids)[0]),
            input_signature=[tf.TensorSpec([None, None], tf.int32)],
            autograph=False,
        )

    def __call__(self, token_ids: Any) -> Any:
        return self._encode(token_ids)

    def assign(self, backbone: Any) -> None:
        """Takes the weights over as they are now, without tracing the graph anew."""
        for variable, now in zip(self._bert.variables, InferenceBert(backbone, tf.bfloat16).variables, strict=True):
            variable.assign(now)
