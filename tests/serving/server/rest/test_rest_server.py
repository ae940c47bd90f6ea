"""REST beside gRPC: one queue of batches, deadlines, clients that go away, and statuses."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from serving.server.background import server_thread
from serving.server.batching.batching_parameters import BatchingParameters
from serving.server.errors import StatusError
from serving.server.models.model_store import ModelStore
from serving.server.requests.calls import Calls
from serving.server.rest.refusals import refused
from serving.server.rest.server import RestServer
from serving.server.settings import ServerSettings
from tests.serving.server.batching.batching_server import (
    MINUTE_MICROS,
    BatchingServer,
    answer,
    batching_server,
    code_of,
    until,
)
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_witness

PATH = "/v1/models/witness:predict"
# A batch waits for its third row for longer than a test has.
PATIENCE = BatchingParameters(max_batch_size=3, batch_timeout_micros=MINUTE_MICROS, num_batch_threads=1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_witness(folder / "witness")
    return folder


@pytest.fixture
def server(models: Path) -> Iterator[BatchingServer]:
    """Computes as soon as three rows are there, and not before."""
    with batching_server(models / "witness", max_batch_size=3, batch_timeout_micros=MINUTE_MICROS) as made:
        yield made


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def rows(*xs: float) -> dict[str, np.ndarray]:
    return {"x": np.array([[x, 0.0] for x in xs], np.float32)}


def ask(threads: ThreadPoolExecutor, server: BatchingServer, *xs: float) -> Future[Any]:
    body = {"instances": [[x, 0.0] for x in xs]}
    return threads.submit(lambda: HTTP.post(f"http://{server.rest_address}{PATH}", json=body).json()["predictions"])


def test_requests_of_both_protocols_share_a_batch(server: BatchingServer, threads: ThreadPoolExecutor) -> None:
    waiting = ask(threads, server, 1.0, 2.0)
    server.wait_for_queued(1)
    assert answer(server.ask(rows(3.0)))["rows"].tolist() == [3]
    answered = [(row["x"], row["rows"], row["total"]) for row in waiting.result()]
    assert answered == [([1.0, 0.0], 3, 6.0), ([2.0, 0.0], 3, 6.0)]


def test_a_request_whose_client_has_gone_leaves_the_batch(server: BatchingServer) -> None:
    host, port = server.rest_address.split(":")
    body = json.dumps({"instances": [[9.0, 0.0]]}).encode()
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        server.wait_for_queued(1)
    server.wait_for_queued(0)


def test_requests_in_flight_are_answered_after_the_server_was_told_to_stop(
    server: BatchingServer, threads: ThreadPoolExecutor
) -> None:
    by_rest, by_grpc = ask(threads, server, 1.0), server.ask(rows(2.0))
    server.wait_for_queued(2)
    stopping = [threads.submit(made.stop, 30.0) for made in server.servers]
    # gRPC refuses what comes now, while the two wait.
    until(lambda: code_of(server.ask(rows(3.0), seconds=5.0)) is grpc.StatusCode.UNAVAILABLE)
    assert not by_rest.done()
    assert not by_grpc.done()
    server.scheduler.stop()
    assert answer(by_grpc)["total"].tolist() == [3.0]
    assert by_rest.result()[0]["total"] == 3.0
    for stopped in stopping:
        stopped.result()


def test_a_request_has_so_much_time(models: Path) -> None:
    settings = ServerSettings(port=0, rest_port=0, batching=PATIENCE, rest_timeout_seconds=0.3)
    with server_thread(models, settings) as addresses:
        response = HTTP.post(f"http://{addresses.rest}{PATH}", json={"instances": [[1.0, 0.0]]})
    assert response.status_code == 504
    assert "deadline" in response.json()["error"]


def test_the_queue_is_full(models: Path) -> None:
    full = BatchingParameters(max_batch_size=1, batch_timeout_micros=0, num_batch_threads=1, max_enqueued_batches=1)
    statuses: list[int] = []

    def post() -> None:
        statuses.append(HTTP.post(f"http://{addresses.rest}{PATH}", json={"instances": [[1.0, 0.0]]}).status_code)

    with server_thread(models, ServerSettings(port=0, rest_port=0, batching=full)) as addresses:
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


def test_a_taken_port_is_refused(server: BatchingServer) -> None:
    with pytest.raises(OSError, match="Cannot listen on"):
        RestServer(Calls(ModelStore(dict)), ServerSettings(rest_port=int(server.rest_address.split(":")[1])))
