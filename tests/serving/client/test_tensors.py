"""Arrays as tensor messages and back, against TensorFlow's own helpers."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tensorflow.core.framework import tensor_pb2

from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.protocol.classes import TensorProto
from shelfwise_client.protocol.tensors import checked_shape, read_tensor, write_tensor

NUMBERS = (
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
    *(np.float16, np.float32, np.float64, np.bool_),
)
FIELDS = {
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "float32": "float_val",
    "float64": "double_val",
    "float16": "half_val",
}
ARRAYS = st.one_of(
    *(arrays(kind, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)) for kind in NUMBERS),
    arrays(object, array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4), elements=st.binary(max_size=6)),
)


def written(array: object) -> TensorProto:
    tensor = TensorProto()
    write_tensor(tensor, array, "any")
    return tensor


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether dtype, shape and every value are the same; NaN is the same as NaN."""
    values = one.tolist() == other.tolist() if other.dtype == object else np.array_equal(one, other, equal_nan=True)
    return one.dtype == other.dtype and one.shape == other.shape and values


@given(ARRAYS)
def test_tensorflow_reads_what_is_written_and_the_other_way_round(array: np.ndarray) -> None:
    theirs = tensor_pb2.TensorProto.FromString(written(array).SerializeToString())
    assert same(tf.make_ndarray(theirs), array)
    for message in (as_content(array), one_by_one(array)):
        tensor = TensorProto.FromString(message.SerializeToString())
        assert same(read_tensor(tensor, checked_shape(tensor, "any")), array)


def as_content(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns the message that TensorFlow's helper makes: numbers as their bytes."""
    return tf.make_tensor_proto(array, tf.string if array.dtype == object else None)


def one_by_one(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns the message that a server of models makes: values in the field of their kind, none left out."""
    message = as_content(array)
    if array.dtype == object:
        return message
    message = tensor_pb2.TensorProto(dtype=message.dtype, tensor_shape=message.tensor_shape)
    values = array.ravel().view(np.uint16) if array.dtype == np.float16 else array.ravel()
    getattr(message, FIELDS.get(array.dtype.name, "int_val")).extend(values.tolist())
    return message


@pytest.mark.parametrize("value", [np.array(["tée", "茶"]), [b"a", b"b"], np.array([b"ab", b"c"]), ["a", "b\udcff"]])
def test_text_is_sent_as_utf_8(value: object) -> None:
    expected = [v if isinstance(v, bytes) else v.encode("utf-8", "surrogateescape") for v in list(value)]  # type: ignore[call-overload]
    tensor = written(value)
    assert read_tensor(tensor, checked_shape(tensor, "any")).tolist() == expected


@pytest.mark.parametrize("value", [np.complex64([1]), np.array([1, "a"], object), np.array([None]), [{}]])
def test_what_no_tensor_holds_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="`any` should hold strings"):
        written(value)


def test_a_value_said_once_for_many_is_refused() -> None:
    tensor = TensorProto.FromString(tf.make_tensor_proto(7, tf.int32, [30_000_000]).SerializeToString())
    assert tensor.ByteSize() < 100
    with pytest.raises(MalformedAnswer, match=r"shape \[30000000\], but does not hold that many values"):
        checked_shape(tensor, "any")
