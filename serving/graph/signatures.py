"""How the methods of a served model become its signatures."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import tensorflow as tf

Specs: TypeAlias = dict[str, tf.TensorSpec]
Signature: TypeAlias = tuple[Callable[..., Mapping[str, tf.Tensor]], Specs]


def batch_of(name: str, dtype: tf.DType, *sizes: int) -> Specs:
    """Returns the specification of one input by its name: `(batch, *sizes)`, where batch may be any number of rows."""
    return {name: tf.TensorSpec([None, *sizes], dtype, name)}


def trace(signatures: Mapping[str, Signature]) -> dict[str, Any]:
    """Traces signatures, to be handed to `tf.saved_model.save` with the module that has their methods.

    Args:
        signatures: By name, a method that returns the outputs by their names, and the specifications of its inputs.
    """
    return {
        name: tf.function(method, autograph=False).get_concrete_function(**inputs)
        for name, (method, inputs) in signatures.items()
    }
