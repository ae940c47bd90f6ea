"""TensorProtos from and to NumPy arrays."""

import functools
import math
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import invalid_argument
from serving.server.requests.limits import MOST_DIMENSIONS, TEXT_OVERHEAD_BYTES, Limits

_VALUE_FIELDS: dict[int, tuple[str, np.dtype[Any]]] = {
    types_pb2.DT_FLOAT: ("float_val", np.dtype(np.float32)),
    types_pb2.DT_DOUBLE: ("double_val", np.dtype(np.float64)),
    types_pb2.DT_INT32: ("int_val", np.dtype(np.int32)),
    types_pb2.DT_INT16: ("int_val", np.dtype(np.int16)),
    types_pb2.DT_INT8: ("int_val", np.dtype(np.int8)),
    types_pb2.DT_UINT8: ("int_val", np.dtype(np.uint8)),
    types_pb2.DT_INT64: ("int64_val", np.dtype(np.int64)),
    types_pb2.DT_BOOL: ("bool_val", np.dtype(np.bool_)),
    types_pb2.DT_STRING: ("string_val", np.dtype(object)),
}


@functools.cache
def dtype_number(dtype: np.dtype | tf.DType) -> int:
    """Returns the number that TensorFlow's messages have for a dtype; objects are strings."""
    return int(tf.dtypes.as_dtype(dtype).as_datatype_enum)


def dtype_name(dtype: np.dtype | tf.DType) -> str:
    """Returns what TensorFlow's messages call a dtype: `float`, not `float32`; objects are strings."""
    return number_name(dtype_number(dtype))


def number_name(number: int) -> str:
    """Returns what TensorFlow's messages call a dtype by its number."""
    return str(types_pb2.DataType.Name(number)).removeprefix("DT_").lower()


def array_from_proto(
    name: str, proto: tensor_pb2.TensorProto, info: meta_graph_pb2.TensorInfo, limits: Limits | None = None
) -> np.ndarray:
    """Reads the value of an input.

    Args:
        name: Name of the input, for the error message.
        proto: Its value; strings become an object array of bytes.
        info: What the signature says of it.
        limits: Largest tensors; None for no limits.

    Raises:
        StatusError: INVALID_ARGUMENT if the proto is not a tensor, or a larger one than the limits allow.
    """
    # Looked at first: a dimension takes two bytes of a message and many of memory.
    shape = proto.tensor_shape
    if len(shape.dim) > MOST_DIMENSIONS or shape.unknown_rank:
        raise invalid_argument(f"tensor parsing error: {name}")
    sizes = [dimension.size for dimension in shape.dim]
    if min(sizes, default=0) < 0:
        raise invalid_argument(f"tensor parsing error: {name}")
    try:
        if limits is not None:
            limits.check_shape(name, sizes, info)
            limits.check_bytes(name, _stated_bytes(proto, sizes))
        return _array(proto, sizes)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise invalid_argument(f"tensor parsing error: {name}") from error


def _array(proto: tensor_pb2.TensorProto, sizes: list[int]) -> np.ndarray:
    """Reads the usual kinds, given whole; what is rare, or is to be filled up, is left to TensorFlow."""
    content = proto.tensor_content
    if proto.dtype in _VALUE_FIELDS:
        field, dtype = _VALUE_FIELDS[proto.dtype]
        if content and not dtype.hasobject:
            return np.frombuffer(bytearray(content), dtype).reshape(sizes)
        # A slice is a list, made in one step.
        values = getattr(proto, field)[:]
        if not content and len(values) == math.prod(sizes):
            return np.array(values, dtype).reshape(sizes)
    return np.asarray(tf.make_ndarray(proto))


def _stated_bytes(proto: tensor_pb2.TensorProto, sizes: list[int]) -> int:
    """Returns what a tensor takes whose shape is filled up with the last value that is given."""
    values = math.prod(sizes)
    if proto.dtype != types_pb2.DT_STRING:
        return values * _item_bytes(proto.dtype)
    missing = values - len(proto.string_val)
    filling = len(proto.string_val[-1]) if missing > 0 and proto.string_val else 0
    # What is given has come with the message already.
    return values * TEXT_OVERHEAD_BYTES + missing * filling


@functools.cache
def _item_bytes(dtype: int) -> int:
    return int(tf.dtypes.as_dtype(dtype).size or 1)


def answer_bytes(array: np.ndarray) -> int:
    """Returns the bytes of memory that an output takes, its strings with it."""
    texts = sum(map(len, array.ravel().tolist())) + TEXT_OVERHEAD_BYTES * array.size if array.dtype == object else 0
    return int(array.nbytes + texts)


def write_tensor(proto: tensor_pb2.TensorProto, array: np.ndarray) -> None:
    """Fills an empty proto with an output, its values in the typed field, where TF Serving puts them."""
    number = dtype_number(array.dtype)
    if number not in _VALUE_FIELDS:
        proto.CopyFrom(tf.make_tensor_proto(array))
        return
    proto.dtype = number
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    getattr(proto, _VALUE_FIELDS[number][0]).extend(array.ravel().tolist())
