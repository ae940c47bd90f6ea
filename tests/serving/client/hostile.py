"""A server whose answers are bytes that a test gives, good or bad."""

import threading
import time
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

# The signature that a search model has, as far as the client reads it: kind of values, and sizes.
INPUTS: dict[str, tuple[tf.DType, list[int]]] = {
    "query": (tf.string, [-1]),
    "k": (tf.int32, [-1]),
    "category": (tf.string, [-1]),
    "max_price": (tf.float32, [-1]),
    "in_stock_only": (tf.bool, [-1]),
    "exclude_ids": (tf.string, [-1, 100]),
}
OUTPUTS: dict[str, tuple[tf.DType, list[int]]] = {
    "product_ids": (tf.string, [-1, -1]),
    "scores": (tf.float32, [-1, -1]),
    "titles": (tf.string, [-1, -1]),
    "variants": (tf.int32, [-1, -1]),
    "cluster_ids": (tf.int32, [-1, -1]),
    "cluster_labels": (tf.string, [-1, -1]),
}


def metadata(
    inputs: dict[str, tuple[tf.DType, list[int]]] = INPUTS,
    outputs: dict[str, tuple[tf.DType, list[int]]] = OUTPUTS,
    name: str = "filtered",
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Returns what a server says of a model with one signature."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signature = signatures.signature_def[name]
    for tensors, said in ((inputs, signature.inputs), (outputs, signature.outputs)):
        for tensor, (dtype, sizes) in tensors.items():
            said[tensor].dtype = dtype.as_datatype_enum
            said[tensor].tensor_shape.CopyFrom(tf.TensorShape([None if s < 0 else s for s in sizes]).as_proto())
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.metadata["signature_def"].Pack(signatures)
    return response


def answer(rows: int = 1, columns: int = 2) -> predict_pb2.PredictResponse:
    """Returns a good answer."""
    response = predict_pb2.PredictResponse()
    for name, (dtype, _) in OUTPUTS.items():
        filling = b"text" if dtype == tf.string else 1
        values = np.full((rows, columns), filling, object if dtype == tf.string else dtype.as_numpy_dtype)
        response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
    return response


class HostileServer:
    """Answers `Predict` and `GetModelMetadata` with bytes.

    Attributes:
        metadata: What it says of any model.
        answer: What it answers.
        delay_seconds: How long each call takes.
        compression: Of its answers.
        refusal: The status that it ends calls of `Predict` with, and what it says of it; None has it answer.
    """

    def __init__(self) -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
        service = "tensorflow.serving.PredictionService"
        methods = {
            "Predict": grpc.unary_unary_rpc_method_handler(lambda _, context: self._predicted(context)),
            "GetModelMetadata": grpc.unary_unary_rpc_method_handler(
                lambda _, context: self._said(self.metadata, context)
            ),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Has it answer well again."""
        self.metadata, self.answer = metadata().SerializeToString(), answer().SerializeToString()
        self.delay_seconds, self.compression = 0.0, grpc.Compression.NoCompression
        self.refusal: tuple[grpc.StatusCode, str] | None = None
        self.calls = 0

    def stop(self) -> None:
        """Ends it."""
        self._server.stop(None).wait()

    def _predicted(self, context: Any) -> bytes:
        if self.refusal is not None:
            context.abort(*self.refusal)
        return self._said(self.answer, context)

    def _said(self, message: bytes, context: Any) -> bytes:
        with self._lock:
            self.calls += 1
        context.set_compression(self.compression)
        time.sleep(self.delay_seconds)
        return message
