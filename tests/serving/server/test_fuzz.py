"""Malformed protobuf, JSON and HTTP: whatever comes, the server answers with a client's error and stays up."""

import json
import math
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2

from serving.server.background import server_thread
from serving.server.ready_file import ServerAddresses
from serving.server.settings import ServerSettings
from tests.fuzz.damage import damaged
from tests.serving.recommendation.small_shop import Ask, filtered_inputs, history_inputs
from tests.serving.server.hostile_messages import GOOD, JSON, assert_clients_fault, messages, send, shop_request
from tests.serving.server.load import add_request
from tests.serving.server.tiny_models import write_version, write_witness

# The same examples every time, and no more of them than these tests have time for.
BUDGET = settings(max_examples=60, derandomize=True, deadline=None, database=None)
METHODS = ("Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata")


@pytest.fixture(scope="module")
def server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddresses]:
    models = tmp_path_factory.mktemp("models")
    write_version(models / "adder", 1, 1.0)
    write_witness(models / "witness")
    shutil.copytree(exported, models / "recommendation" / "1")
    with server_thread(models, ServerSettings(port=0, rest_port=0)) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def channel(server: ServerAddresses) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc) as made:
        yield made


@pytest.fixture(scope="module")
def http(server: ServerAddresses) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{server.rest}", timeout=20) as made:
        yield made


@BUDGET
@given(st.sampled_from(GOOD).flatmap(lambda body: damaged(body, least=1)), st.sampled_from(METHODS))
def test_damaged_protobuf(channel: grpc.Channel, body: bytes, method: str) -> None:
    assert_clients_fault(*send(channel, body, f"PredictionService/{method}"))


@BUDGET
@given(messages())
def test_tensors_that_hold_something_else(channel: grpc.Channel, body: bytes) -> None:
    assert_clients_fault(*send(channel, body))


@BUDGET
@given(st.binary(max_size=200), st.sampled_from(["GetModelStatus", "HandleReloadConfigRequest"]))
def test_random_bytes(channel: grpc.Channel, body: bytes, method: str) -> None:
    if method == "HandleReloadConfigRequest" and body:
        body = b"\xff" + body  # What is read as a configuration would be followed.
    assert_clients_fault(*send(channel, body, f"ModelService/{method}"))


@BUDGET
@given(
    signature=st.sampled_from(["", "filtered", "similar_products", "bought_together", "embed", "examples"]),
    shape=st.lists(st.integers(0, 5), max_size=4),
    dtype=st.sampled_from([np.float32, np.int32, np.bool_, object]),
    change=st.sampled_from(["all", "one"]),
    position=st.integers(0, 10),
)
def test_shapes_and_dtypes_that_a_model_does_not_expect(
    channel: grpc.Channel, signature: str, shape: list[int], dtype: Any, change: str, position: int
) -> None:
    value = np.full(shape, b"P001" if dtype is object else 1, dtype)
    inputs = filtered_inputs([Ask(["P001"], k=3)])
    names = sorted(inputs)
    chosen = names if change == "all" else [names[position % len(names)]]
    if signature in ("similar_products", "bought_together"):
        inputs = (
            {"product_id": value, "k": value} if signature == "similar_products" else {"product_ids": value, "k": value}
        )
    elif signature == "examples":
        inputs = {"examples": value}
    else:
        inputs.update(dict.fromkeys(chosen, value))
        if signature != "filtered":
            inputs = {name: inputs[name] for name in history_inputs([Ask()])}
    assert_clients_fault(*send(channel, shop_request(inputs, signature).SerializeToString()))


@BUDGET
@given(
    dtype=st.sampled_from(sorted(types_pb2.DataType.values())),
    sizes=st.lists(st.sampled_from([-1, 0, 1, 2, 2**31, 2**40, 2**62]), max_size=5),
    content=st.binary(max_size=16),
    unknown_rank=st.booleans(),
)
def test_tensors_that_are_none(
    channel: grpc.Channel, dtype: int, sizes: list[int], content: bytes, unknown_rank: bool
) -> None:
    request = add_request()
    proto = request.inputs["x"]
    proto.Clear()
    proto.dtype, proto.tensor_content, proto.tensor_shape.unknown_rank = dtype, content, unknown_rank
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    assert_clients_fault(*send(channel, request.SerializeToString()))


@BUDGET
@given(
    body=st.dictionaries(st.sampled_from(["instances", "inputs", "signature_name", "examples", "context"]), JSON),
    target=st.sampled_from(["adder", "witness", "witness/versions/1", "witness/labels/a", "recommendation"]),
    method=st.sampled_from(["predict", "classify", "regress"]),
    signature=st.sampled_from([None, "any_width", "two_inputs", "scalar_input"]),
)
def test_json_of_any_kind(
    http: httpx.Client, body: dict[str, Any], target: str, method: str, signature: str | None
) -> None:
    if signature is not None:
        body["signature_name"] = signature
    response = http.post(f"/v1/models/{target}:{method}", content=json.dumps(body))
    assert response.status_code in (200, 400, 404, 501), response.text
    answer = json.loads(response.content)
    assert ("error" in answer) == (response.status_code != 200)


@BUDGET
@given(
    body=st.binary(max_size=50),
    begin=st.sampled_from([b"", b'{"instances": [', b'{"inputs": "\\ud8', b"\xef\xbb\xbf{"]),
)
def test_bodies_that_are_no_json(http: httpx.Client, body: bytes, begin: bytes) -> None:
    response = http.post("/v1/models/adder:predict", content=begin + body)
    assert response.status_code in (200, 400), response.text


@BUDGET
@given(path=st.text(st.sampled_from("/:.%v1models2e\\ café?#"), max_size=30))
def test_paths_of_any_kind_lead_nowhere_else(http: httpx.Client, path: str) -> None:
    assert http.get(f"/v1/models/{path}").status_code in (200, 400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../../../etc/passwd",
        "/v1/models/..%2F..%2Fadder",
        "/v1/models/adder%2F1%2Fsaved_model.pb",
        "/v1/models/adder/1/saved_model.pb",
        "//etc/passwd",
    ],
)
def test_files_are_not_served(server: ServerAddresses, path: str) -> None:
    # Not through a client, which would tidy the path up.
    answer = speak(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), ends=False)
    assert answer.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in answer
    assert b"serving_default" not in answer


def speak(server: ServerAddresses, sent: bytes, ends: bool = True) -> bytes:
    """Sends bytes to the REST port, then nothing more, and returns all that comes back."""
    assert server.rest is not None
    host, port = server.rest.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


@BUDGET
@given(
    start=st.sampled_from([b"", b"GET /v1/models/adder HTTP/1.1\r\n", b"POST /v1/models/adder:predict HTTP/1.1\r\n"]),
    header=st.sampled_from(
        [b"", b"Content-Length: x\r\n", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Host:\0\r\n"]
    ),
    rest=st.binary(max_size=60),
)
def test_http_that_is_none(server: ServerAddresses, start: bytes, header: bytes, rest: bytes) -> None:
    answer = speak(server, start + header + rest + b"\r\n\r\n")
    assert answer == b"" or 200 <= int(answer.split(b" ")[1]) < 500, answer


def test_headers_without_end_are_cut_off(server: ServerAddresses) -> None:
    try:
        answer = speak(server, b"GET / HTTP/1.1\r\nX: " + b"a" * 2_000_000)
    except TimeoutError:  # The server took longer than `speak` gives it.
        raise
    except OSError:  # It closed the connection before all was sent.
        return
    assert b" 400 " in answer or answer == b""


def test_the_server_is_still_there(channel: grpc.Channel, http: httpx.Client) -> None:
    assert send(channel, add_request().SerializeToString())[0] is grpc.StatusCode.OK
    answer = http.post("/v1/models/adder:predict", json={"instances": [{"x": [0, math.pi], "name": "n"}]})
    assert answer.status_code == 200
