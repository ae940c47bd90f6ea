"""What the client tries again, and for how long, against servers that fail in a known way."""

import socket
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from serving.client import Shelfwise
from shelfwise_client.errors import CallTimeoutError, ServerBusyError, ServerUnavailableError, ServingError
from tests.serving.client.awaited import awaited

CODES = grpc.StatusCode


class Failing(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Ends the first calls with the codes in `failures`, and answers those that come later."""

    def __init__(self) -> None:
        self.failures: list[grpc.StatusCode] = []
        self.message = "as told"
        self.calls = 0

    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Says that there is one signature, without inputs and outputs."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        signatures.signature_def["serving_default"].SetInParent()
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(signatures)
        return response

    def Predict(self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext) -> Any:
        self.calls += 1
        if self.failures:
            context.abort(self.failures.pop(0), self.message)
        return predict_pb2.PredictResponse()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Failing, str]]:
    service = Failing()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield service, f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_a_full_queue_is_a_busy_server(server: tuple[Failing, str]) -> None:
    service, address = server
    service.failures = [CODES.UNAVAILABLE]
    service.message = "The batch scheduling queue to which this task was submitted is full; task size is 1"
    with pytest.raises(ServerBusyError, match="no room"):
        ask(address, retries=False)
    service.message = "as told"


def ask(address: str, **options: Any) -> dict[str, np.ndarray]:
    with Shelfwise(address, **options) as client:
        return client.predict("any", "serving_default", {})


@pytest.mark.parametrize(
    ("failures", "retries", "calls", "raised"),
    [
        ([CODES.UNAVAILABLE] * 3, True, 4, None),
        ([CODES.UNAVAILABLE] * 9, True, 5, ServerUnavailableError),
        ([CODES.UNAVAILABLE], False, 1, ServerUnavailableError),
        ([CODES.RESOURCE_EXHAUSTED], True, 1, ServerBusyError),
        ([CODES.DEADLINE_EXCEEDED], True, 1, CallTimeoutError),
        ([CODES.INTERNAL], True, 1, ServingError),
        ([CODES.INVALID_ARGUMENT], True, 1, ServingError),
        ([CODES.UNAVAILABLE, CODES.INTERNAL], True, 2, ServingError),
    ],
)
def test_only_unavailable_is_tried_again(
    server: tuple[Failing, str],
    failures: list[grpc.StatusCode],
    retries: bool,
    calls: int,
    raised: type[ServingError] | None,
) -> None:
    service, address = server
    service.failures, service.calls = list(failures), 0
    if raised is None:
        assert ask(address, retries=retries) == {}
    else:
        with pytest.raises(raised) as caught:
            ask(address, retries=retries)
        assert caught.value.code in failures
    assert service.calls == calls


def test_the_awaited_client_tries_again_too(server: tuple[Failing, str]) -> None:
    service, address = server
    service.failures, service.calls = [CODES.UNAVAILABLE] * 2, 0
    assert awaited(address, lambda client: client.predict("any", "serving_default", {})) == {}
    assert service.calls == 3


def test_retries_end_at_the_deadline(server: tuple[Failing, str]) -> None:
    service, address = server
    service.failures = [CODES.UNAVAILABLE] * 100
    started = time.monotonic()
    with pytest.raises((CallTimeoutError, ServerUnavailableError)):
        ask(address, timeout_seconds=0.15)
    assert time.monotonic() - started < 5
    service.failures = []


def test_a_server_that_comes_while_it_is_asked_is_found() -> None:
    service = Failing()
    late = grpc.server(futures.ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 1)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, late)
    with socket.socket() as held, futures.ThreadPoolExecutor(1) as asking:
        # Bound but not listened on: the first attempts are refused, and nobody else takes the port.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        answer = asking.submit(ask, address)
        time.sleep(0.3)
        late.add_insecure_port(address)
        late.start()
        assert answer.result() == {}
    late.stop(None).wait()
