"""Message classes of TensorFlow Serving's protocol, made of the descriptors that the build took from its package.

They live in a pool of their own, so they stand beside TensorFlow's own classes of the same messages in one process.
"""

from importlib.resources import files
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

DESCRIPTOR_FILE = "tensorflow_serving.binpb"


def _descriptors() -> DescriptorPool:
    path = files("shelfwise_client.protocol") / DESCRIPTOR_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ImportError(
            f"{path} is missing: it is made when shelfwise-client is built. In a checkout, `make setup` makes it."
        ) from None
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(content).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _descriptors()


def _message(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(name))


PredictRequest = _message("tensorflow.serving.PredictRequest")
PredictResponse = _message("tensorflow.serving.PredictResponse")
GetModelMetadataRequest = _message("tensorflow.serving.GetModelMetadataRequest")
GetModelMetadataResponse = _message("tensorflow.serving.GetModelMetadataResponse")
SignatureDefMap = _message("tensorflow.serving.SignatureDefMap")
TensorProto = _message("tensorflow.TensorProto")

DATA_TYPES: dict[str, int] = {
    value.name: value.number for value in _POOL.FindEnumTypeByName("tensorflow.DataType").values
}
