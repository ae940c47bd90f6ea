"""REST beside gRPC: one queue of batches, deadlines, clients that go away, and statuses."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server.batching_parameters import BatchingParameters
from serving.server.calls import Calls
from serving.server.errors import StatusError
from serving.server.model_store import ModelStore
from serving.server.rest.api import refused
from serving.server.rest.server import RestServer
from serving.server.settings import ServerAddresses, ServerSettings
from tests.serving.server.running import HTTP, running
from tests.serving.server.tiny_models import write_witness

PATH = "/v1/models/witness:predict"
# A batch waits for its third row for longer than a test has.
PATIENCE = BatchingParameters(max_batch_size=3, batch_timeout_micros=60_000_000, num_batch_threads=1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_witness(folder / "witness")
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[ServerAddresses]:
    with running(models, ServerSettings(port=0, rest_port=0, batching=PATIENCE)) as (addresses, _):
        yield addresses


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def ask(threads: ThreadPoolExecutor, server: ServerAddresses, *xs: float) -> Future[Any]:
    body = {"instances": [[x, 0.0] for x in xs]}
    return threads.submit(lambda: HTTP.post(f"http://{server.rest}{PATH}", json=body).json()["predictions"])


def test_requests_of_both_protocols_share_a_batch(server: ServerAddresses, threads: ThreadPoolExecutor) -> None:
    waiting = ask(threads, server, 1.0, 2.0)
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "witness"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([[3.0, 0.0]], np.float32)))
    with grpc.insecure_channel(server.grpc) as channel:
        response = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=20)
    assert list(response.outputs["rows"].int_val) == [3]
    assert [(row["x"], row["rows"], row["total"]) for row in waiting.result()] == [
        ([1.0, 0.0], 3, 6.0),
        ([2.0, 0.0], 3, 6.0),
    ]


def test_a_request_whose_client_has_gone_leaves_the_batch(server: ServerAddresses, threads: ThreadPoolExecutor) -> None:
    assert server.rest is not None
    host, port = server.rest.split(":")
    body = json.dumps({"instances": [[9.0, 0.0]]}).encode()
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        time.sleep(0.2)
    time.sleep(0.2)
    two = ask(threads, server, 1.0, 2.0)
    time.sleep(0.2)
    # With the one that has gone there would be three rows.
    assert not two.done()
    one = ask(threads, server, 4.0)
    assert {row["total"] for row in one.result() + two.result()} == {7.0}


def test_a_request_has_so_much_time(models: Path) -> None:
    settings = ServerSettings(port=0, rest_port=0, batching=PATIENCE, rest_timeout_seconds=0.3)
    with running(models, settings) as (addresses, _):
        response = HTTP.post(f"http://{addresses.rest}{PATH}", json={"instances": [[1.0, 0.0]]})
    assert response.status_code == 504
    assert "deadline" in response.json()["error"]


def test_the_queue_is_full(models: Path) -> None:
    full = BatchingParameters(max_batch_size=1, batch_timeout_micros=0, num_batch_threads=1, max_enqueued_batches=1)
    statuses: list[int] = []

    def post() -> None:
        statuses.append(HTTP.post(f"http://{addresses.rest}{PATH}", json={"instances": [[1.0, 0.0]]}).status_code)

    with running(models, ServerSettings(port=0, rest_port=0, batching=full)) as (addresses, _):
        callers = [threading.Thread(target=post) for _ in range(32)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    # Whoever finds no place is told to come again; how many that are is up to the clock.
    assert set(statuses) <= {200, 503}
    assert 200 in statuses


# net_http's names for TF Serving's codes, from http_server.cc.
STATUSES = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}


@pytest.mark.parametrize(("name", "status"), STATUSES.items())
def test_statuses(name: str, status: int) -> None:
    answer = refused(StatusError(grpc.StatusCode[name], "why" * 1000))
    assert answer.status == status
    assert len(json.loads(answer.body)["error"]) == 1024


def test_a_taken_port_is_refused(server: ServerAddresses) -> None:
    assert server.rest is not None
    with pytest.raises(OSError, match="Cannot listen on"):
        RestServer(Calls(ModelStore(dict)), port=int(server.rest.split(":")[1]))
