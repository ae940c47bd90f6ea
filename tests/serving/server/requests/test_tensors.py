"""Tensors of a request that are none."""

import grpc
import pytest
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import StatusError
from serving.server.requests.limits import Limits
from serving.server.requests.tensors import array_from_proto

ANY_VECTOR = meta_graph_pb2.TensorInfo()
ANY_VECTOR.tensor_shape.dim.add(size=-1)


@pytest.mark.parametrize(
    ("dtype", "field", "value"),
    [
        (types_pb2.DT_INT8, "int_val", 128),
        (types_pb2.DT_UINT8, "int_val", -1),
        (types_pb2.DT_INT16, "int_val", 91_639),
        (types_pb2.DT_UINT16, "int_val", 65_536),
        (types_pb2.DT_HALF, "half_val", 65_536),
    ],
)
def test_a_number_that_its_kind_cannot_hold_is_refused(dtype: int, field: str, value: int) -> None:
    proto = tensor_pb2.TensorProto(dtype=dtype)
    proto.tensor_shape.dim.add(size=1)
    getattr(proto, field).append(value)
    with pytest.raises(StatusError, match="tensor parsing error: x") as caught:
        array_from_proto("x", proto, ANY_VECTOR, Limits())
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
