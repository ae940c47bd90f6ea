"""Plain clients: what goes over the wire is what TF Serving's own tests send."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_service_pb2_grpc, predict_pb2, prediction_service_pb2_grpc

SECONDS = 20.0


class GrpcClient:
    """Asks a server by gRPC."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.predictions = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def predict(
        self,
        model: str,
        inputs: dict[str, Any],
        signature: str = "",
        output_filter: tuple[str, ...] = (),
        version: int | None = None,
    ) -> predict_pb2.PredictResponse:
        request = predict_request(model, inputs, signature, output_filter, version)
        return self.predictions.Predict(request, timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()


def predict_request(
    model: str,
    inputs: dict[str, Any],
    signature: str = "",
    output_filter: tuple[str, ...] = (),
    version: int | None = None,
) -> predict_pb2.PredictRequest:
    """Makes a request; inputs are arrays, or numbers that stand for scalars of float32."""
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for name, value in inputs.items():
        array = np.float32(value) if isinstance(value, float) else value
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return request


def outputs(response: predict_pb2.PredictResponse) -> dict[str, Any]:
    """Returns the outputs as nested lists."""
    return {name: tf.make_ndarray(value).tolist() for name, value in response.outputs.items()}


@contextmanager
def refused(code: grpc.StatusCode, message: str = "") -> Iterator[None]:
    """Checks that the block is refused with a code and with a message that holds a text."""
    with pytest.raises(grpc.RpcError) as raised:
        yield
    assert raised.value.code() is code, raised.value.details()
    assert message in raised.value.details()


class RestClient:
    """Asks a server by REST."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=f"http://{address}", timeout=SECONDS)

    def get(self, path: str) -> tuple[int, Any]:
        """Returns the status and the JSON of an answer."""
        return _read(self._client.get(path))

    def post(self, path: str, body: bytes | str | dict[str, Any]) -> tuple[int, Any]:
        """Returns the status and the JSON of an answer."""
        content = json.dumps(body) if isinstance(body, dict) else body
        return _read(self._client.post(path, content=content))

    def text(
        self, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Returns an answer as it came."""
        return self._client.request(method, path, content=body, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _read(response: httpx.Response) -> tuple[int, Any]:
    assert response.headers["content-type"] == "application/json"
    return response.status_code, json.loads(response.content)
