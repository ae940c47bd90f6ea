"""TensorProtos from and to NumPy arrays."""

import functools
import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import invalid_argument
from serving.server.requests.limits import MOST_DIMENSIONS, TEXT_OVERHEAD_BYTES, Limits

_VALUE_FIELDS = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_INT16: "int_val",
    types_pb2.DT_INT8: "int_val",
    types_pb2.DT_UINT8: "int_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_BOOL: "bool_val",
    types_pb2.DT_STRING: "string_val",
}


def dtype_name(dtype: np.dtype | tf.DType) -> str:
    """Returns what TensorFlow's messages call a dtype: `float`, not `float32`; objects are strings."""
    known = tf.dtypes.as_dtype(dtype)
    return str(types_pb2.DataType.Name(known.as_datatype_enum)).removeprefix("DT_").lower()


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
    if len(proto.tensor_shape.dim) > MOST_DIMENSIONS or proto.tensor_shape.unknown_rank:
        raise invalid_argument(f"tensor parsing error: {name}")
    sizes = [dimension.size for dimension in proto.tensor_shape.dim]
    if any(size < 0 for size in sizes):
        raise invalid_argument(f"tensor parsing error: {name}")
    try:
        if limits is not None:
            limits.check_shape(name, sizes, info)
            limits.check_bytes(name, _stated_bytes(proto, sizes))
        return np.asarray(tf.make_ndarray(proto))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise invalid_argument(f"tensor parsing error: {name}") from error


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


def proto_from_array(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes an output, its values in the typed field of the proto, where TF Serving puts them."""
    dtype = tf.dtypes.as_dtype(array.dtype if array.dtype != object else tf.string).as_datatype_enum
    field = _VALUE_FIELDS.get(dtype)
    if field is None:
        return tf.make_tensor_proto(array)
    proto = tensor_pb2.TensorProto(dtype=dtype)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    getattr(proto, field).extend(array.ravel().tolist())
    return proto
