"""What a server refuses by its size, and what it drains, counts and logs; over real ports."""

import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server.background import server_thread
from serving.server.errors import StatusError
from serving.server.ready_file import ServerAddresses
from serving.server.request_log import LOGGER, LogRequests
from serving.server.requests.limits import Limits
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version

LIMITS = Limits(message_bytes=20_000, rows=10, text_bytes=100)
SECRET = "grandmother's birthday"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_version(folder / "adder", 1, 1.0)
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[ServerAddresses]:
    settings = ServerSettings(port=0, rest_port=0, limits=LIMITS, rest_timeout_seconds=5.0)
    with server_thread(models, settings) as addresses:
        yield addresses


def predict_request(rows: int = 1, text: bytes = b"n") -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "adder"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((rows, 2), np.float32)))
    request.inputs["name"].CopyFrom(tf.make_tensor_proto(np.full(rows, text, object)))
    return request


def by_grpc(address: str, request: predict_pb2.PredictRequest) -> tuple[str, str]:
    """Returns the status of an answer, and what it says."""
    with grpc.insecure_channel(address) as channel:
        call = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict.future(request, timeout=20)
        return call.code().name, call.details()


def by_rest(address: str | None, rows: int = 1, text: str = "n") -> tuple[int, Any]:
    body = {"instances": [{"x": [0, 0], "name": text}] * rows}
    response = HTTP.post(f"http://{address}/v1/models/adder:predict", json=body)
    return response.status_code, response.json()


@pytest.mark.parametrize(
    ("rows", "text", "by_name", "in_rows"),
    [
        (
            11,
            "n",
            "name has 11 rows; this server takes up to 10.",
            "instances has 11 rows; this server takes up to 10.",
        ),
        (1, "x" * 101, *["A string of name has 101 bytes; this server takes up to 100."] * 2),
    ],
)
def test_too_many_rows_and_too_long_texts_are_refused(
    server: ServerAddresses, rows: int, text: str, by_name: str, in_rows: str
) -> None:
    assert by_grpc(server.grpc, predict_request(rows, text.encode())) == ("INVALID_ARGUMENT", by_name)
    assert by_rest(server.rest, rows, text) == (400, {"error": in_rows})


def test_the_default_bounds_what_one_request_computes() -> None:
    # docs/server.md has the memory that so many rows take.
    Limits().check({"query": np.full(1024, b"", object)})
    with pytest.raises(StatusError, match="1025 rows; this server takes up to 1024"):
        Limits().check({"query": np.full(1025, b"", object)})


def test_what_is_within_the_limits_is_answered(server: ServerAddresses) -> None:
    assert by_grpc(server.grpc, predict_request(10, b"x" * 100))[0] == "OK"
    assert by_rest(server.rest, 10, "x" * 100)[0] == 200


def test_a_message_over_the_limit_is_refused_before_it_is_read(server: ServerAddresses) -> None:
    assert by_grpc(server.grpc, predict_request(1, b"x" * 20_000))[0] == "RESOURCE_EXHAUSTED"
    assert by_rest(server.rest, 1, "x" * 20_000)[0] == 413
    chunks = (b"x" * 1000 for _ in range(100))
    response = HTTP.post(f"http://{server.rest}/v1/models/adder:predict", content=chunks)
    assert response.status_code == 413
    assert by_rest(server.rest)[0] == 200


def health(address: str, service: str = "") -> int:
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return int(health_pb2_grpc.HealthStub(channel).Check(request, timeout=20).status)


@pytest.mark.parametrize("service", ["", "PredictionService", "ModelService"])
def test_health(server: ServerAddresses, service: str) -> None:
    assert health(server.grpc, service) == health_pb2.HealthCheckResponse.SERVING


def test_unknown_names_do_not_grow_the_metrics(server: ServerAddresses) -> None:
    assert by_grpc(server.grpc, predict_request())[0] == "OK"
    for number in range(5):
        assert HTTP.post(f"http://{server.rest}/v1/models/m{number}:predict", content=b"{}").status_code in (400, 404)
    page = HTTP.get(f"http://{server.rest}/monitoring/prometheus/metrics").text
    assert 'model_name="m1"' not in page
    assert ':tensorflow:serving:request_count{model_name=""' in page
    assert 'request_latency_count{API="Predict",entrypoint="GRPC",model_name="adder"}' in page


def test_a_unix_socket_and_a_connections_age(models: Path) -> None:
    # A path of a socket is short, which those of tests are not.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "grpc.sock")
        age = (("grpc.max_connection_age_ms", 2000), ("grpc.lb_policy_name", "grpclb"))
        settings = ServerSettings(port=0, grpc_socket_path=path, grpc_channel_arguments=age)
        with server_thread(models, settings) as addresses:
            assert by_grpc(f"unix:{path}", predict_request())[0] == "OK"
            assert by_grpc(addresses.grpc, predict_request())[0] == "OK"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.LogCaptureFixture]:
    # A server's command line that another test called has set these.
    monkeypatch.setattr(LOGGER, "propagate", True)
    monkeypatch.setattr(LOGGER, "handlers", [])
    with caplog.at_level(logging.INFO, LOGGER.name):
        yield caplog


@pytest.mark.parametrize("choice", list(LogRequests))
def test_the_log_has_what_clients_send_only_if_that_is_asked_for(
    models: Path, logged: pytest.LogCaptureFixture, choice: LogRequests
) -> None:
    with server_thread(models, ServerSettings(port=0, rest_port=0, log_requests=choice)) as addresses:
        assert by_grpc(addresses.grpc, predict_request(1, SECRET.encode()))[0] == "OK"
        assert by_rest(addresses.rest, 1, SECRET)[0] == 200
        refused = {"instances": [{"x": [0, SECRET], "name": "n"}]}
        assert HTTP.post(f"http://{addresses.rest}/v1/models/adder:predict", json=refused).status_code == 400
    lines = [json.loads(record.getMessage()) for record in logged.records if record.name == LOGGER.name]
    everything = [("Predict", "GRPC", "OK"), ("predict", "REST", "OK"), ("predict", "REST", "INVALID_ARGUMENT")]
    expected = {LogRequests.NONE: [], LogRequests.REFUSED: everything[2:]}.get(choice, everything)
    assert [(line["method"], line["protocol"], line["status"]) for line in lines] == expected
    assert all(line["model"] == "adder" and line["milliseconds"] >= 0 and line["time"] for line in lines)
    assert (SECRET in logged.text) == (choice is LogRequests.CONTENT)
