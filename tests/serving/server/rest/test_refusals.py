"""Whatever a request is refused for: its client gets JSON, and it is counted and logged once."""

import contextlib
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.background import server_thread
from serving.server.ready_file import ServerAddresses
from serving.server.request_log import LOGGER
from serving.server.requests.limits import Limits
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version

LIMIT = 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    models = tmp_path_factory.mktemp("models")
    write_version(models / "adder", 1, 1.0)
    settings = ServerSettings(port=0, rest_port=0, limits=Limits(message_bytes=LIMIT), rest_timeout_seconds=0.5)
    with server_thread(models, settings) as addresses:
        yield addresses


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.LogCaptureFixture]:
    # A server's command line that another test called has set these.
    monkeypatch.setattr(LOGGER, "propagate", True)
    monkeypatch.setattr(LOGGER, "handlers", [])
    with caplog.at_level(logging.INFO, LOGGER.name):
        yield caplog


def speak(server: ServerAddresses, sent: bytes) -> tuple[int, str, Any]:
    """Sends bytes to the REST port; returns the status, the content type and the JSON of the answer."""
    assert server.rest is not None
    host, port = server.rest.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.decode().partition("\r\n\r\n")
    lines = head.lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]), headers["content-type"], json.loads(body)


def first_line(line: str, more: str = "") -> bytes:
    return f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n".encode()


MODEL = "/v1/models/adder"
REFUSED = {
    "malformed path": (first_line("GET /v1/foo"), 400, "INVALID_ARGUMENT", "Malformed request: GET /v1/foo"),
    "trace": (first_line(f"TRACE {MODEL}"), 400, "INVALID_ARGUMENT", f"Malformed request: TRACE {MODEL}"),
    "made-up method": (first_line(f"BREW {MODEL}"), 400, "INVALID_ARGUMENT", f"Malformed request: BREW {MODEL}"),
    "query": (
        first_line(f"POST {MODEL}:predict?x=1"),
        400,
        "INVALID_ARGUMENT",
        f"Malformed request: POST {MODEL}:predict?x=1",
    ),
    "query behind a model": (first_line(f"GET {MODEL}?x=1"), 404, "NOT_FOUND", "versions of model adder?x=1"),
    "another path": (first_line("GET /index.html"), 404, "NOT_FOUND", "There is nothing at /index.html"),
    "another host's path": (first_line("GET http://x:80/index.html"), 404, "NOT_FOUND", "nothing at /index.html"),
    "too large": (
        first_line(f"POST {MODEL}:predict", f"Content-Length: {LIMIT + 1}\r\n"),
        413,
        "RESOURCE_EXHAUSTED",
        "larger than this server takes: 1000 bytes",
    ),
    "too slow": (
        first_line(f"POST {MODEL}:predict", "Content-Length: 9\r\n") + b"{",
        408,
        "DEADLINE_EXCEEDED",
        "did not arrive in time",
    ),
    "no http": (b"hello\r\n\r\n", 400, "INVALID_ARGUMENT", "The request is not HTTP."),
    "bad chunk": (
        first_line(f"POST {MODEL}:predict", "Transfer-Encoding: chunked\r\n") + b"zz\r\n",
        400,
        "INVALID_ARGUMENT",
        "The request is not HTTP.",
    ),
    "not gzip": (
        first_line(f"POST {MODEL}:predict", "Content-Encoding: gzip\r\nContent-Length: 2\r\n") + b"{}",
        400,
        "INVALID_ARGUMENT",
        "Content-Encoding",
    ),
}


def counts(server: ServerAddresses) -> dict[str, float]:
    """Returns the number of requests by status."""
    page = HTTP.get(f"http://{server.rest}/monitoring/prometheus/metrics").text
    found: dict[str, float] = {}
    for line in page.splitlines():
        if line.startswith(":tensorflow:serving:request_count{"):
            status = line.partition('status="')[2].partition('"')[0]
            found[status] = found.get(status, 0.0) + float(line.rsplit(" ", 1)[1])
    return found


@contextlib.contextmanager
def counted_once(
    server: ServerAddresses, logged: pytest.LogCaptureFixture, protocol: str, status: str
) -> Iterator[None]:
    before = counts(server)
    yield
    assert counts(server) == {**before, status: before.get(status, 0.0) + 1.0}
    (line,) = [json.loads(record.getMessage()) for record in logged.records]
    assert (line["protocol"], line["status"]) == (protocol, status)


@pytest.mark.parametrize("name", REFUSED)
def test_by_rest(server: ServerAddresses, logged: pytest.LogCaptureFixture, name: str) -> None:
    sent, status, code, message = REFUSED[name]
    with counted_once(server, logged, "REST", code):
        answered, content_type, body = speak(server, sent)
    assert (answered, content_type, list(body)) == (status, "application/json", ["error"])
    assert message in body["error"]


def test_an_absolute_address_is_a_path_like_any_other(server: ServerAddresses) -> None:
    assert speak(server, first_line(f"GET http://localhost:8501{MODEL}"))[0] == 200


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Predict", predict_pb2.PredictRequest()),
        ("Classify", classification_pb2.ClassificationRequest()),
        ("GetModelMetadata", get_model_metadata_pb2.GetModelMetadataRequest()),
    ],
)
def test_by_grpc(server: ServerAddresses, logged: pytest.LogCaptureFixture, method: str, request_: Any) -> None:
    with counted_once(server, logged, "GRPC", "INVALID_ARGUMENT"), grpc.insecure_channel(server.grpc) as channel:
        call = getattr(prediction_service_pb2_grpc.PredictionServiceStub(channel), method).future(request_, timeout=20)
        assert (call.code(), call.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec")
