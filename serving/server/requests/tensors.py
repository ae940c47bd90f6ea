"""TensorProtos from and to NumPy arrays."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.errors import invalid_argument

# A few bytes of request can state a shape of any size, which would be filled up with the last value.
MAX_INPUT_BYTES = 1 << 28

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


def array_from_proto(name: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Reads the value of an input.

    Args:
        name: Name of the input, for the error message.
        proto: Its value; strings become an object array of bytes.

    Raises:
        StatusError: INVALID_ARGUMENT if the proto is not a tensor.
    """
    sizes = [dimension.size for dimension in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in sizes):
        raise invalid_argument(f"tensor parsing error: {name}")
    try:
        item_bytes = tf.dtypes.as_dtype(proto.dtype).size or 8
        if math.prod(sizes) * item_bytes > MAX_INPUT_BYTES:
            raise invalid_argument(f"tensor parsing error: {name} is larger than {MAX_INPUT_BYTES} bytes")
        return np.asarray(tf.make_ndarray(proto))
    except (KeyError, TypeError, ValueError) as error:
        raise invalid_argument(f"tensor parsing error: {name}") from error


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
