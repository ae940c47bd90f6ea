"""Tensors whose message states one thing and holds another."""

from typing import Any

from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2

_SIZES = st.lists(st.sampled_from([-1, 0, 1, 2, 8, 100, 1024, 1025, 10**6, 2**31, 2**62]), max_size=6)
_DTYPES = st.sampled_from(sorted(types_pb2.DataType.values()))


def damage_tensor(draw: st.DrawFn, proto: Any) -> None:
    """Changes a TensorProto: its shape, its kind, its values, or its bytes.

    Args:
        draw: Given by hypothesis.
        proto: The message.
    """
    match draw(st.sampled_from(["shape", "rank", "values", "dtype", "content"])):
        case "shape":
            del proto.tensor_shape.dim[:]
            for size in draw(_SIZES):
                proto.tensor_shape.dim.add(size=size)
        case "rank":
            proto.tensor_shape.unknown_rank = True
        case "values":
            proto.int_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5)))
            proto.half_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=2)))
            proto.string_val.extend(draw(st.lists(st.binary(max_size=50), max_size=5)))
        case "dtype":
            proto.dtype = draw(_DTYPES)
        case _:
            proto.tensor_content = draw(st.binary(max_size=64))
