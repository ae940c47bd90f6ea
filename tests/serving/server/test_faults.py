"""What goes wrong around a server that runs as a process: it goes on, and says what is wrong."""

import collections
import json
import os
import resource
import select
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.background import ServerProcess
from tests.serving.server.http_client import HTTP
from tests.serving.server.load import CHANNEL_OPTIONS, Load, add_request, until
from tests.serving.server.tiny_models import write_version

CONNECTIONS = 1000
State = get_model_status_pb2.ModelVersionStatus.State


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_version(folder / "adder", 1, 1.0)
    return folder


@pytest.fixture(scope="module")
def process(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    options = ("--rest_api_port=0", "--rest_api_timeout_in_ms=3000", "--file_system_poll_wait_seconds=0.1")
    server = ServerProcess("--models", str(models), *options, scratch=tmp_path_factory.mktemp("scratch"))
    with server:
        yield server
        assert server.stop() == 0
    assert "Traceback" not in server.log


@pytest.fixture(scope="module")
def channel(process: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(process.addresses.grpc, options=CHANNEL_OPTIONS) as made:
        yield made


def assert_answers(channel: grpc.Channel, model: str = "adder") -> int:
    """Asks once, and returns the version that answered."""
    response = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(add_request(model), timeout=20)
    return int(response.model_spec.version.value)


def states(channel: grpc.Channel, model: str) -> dict[int, tuple[int, str]]:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    call = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus.future(request, timeout=20)
    if call.code() is not grpc.StatusCode.OK:
        return {}
    return {made.version: (made.state, made.status.error_message) for made in call.result().model_version_status}


def test_a_folder_that_is_deleted_is_served_on(process: ServerProcess, channel: grpc.Channel, models: Path) -> None:
    write_version(models / "deleted", 1, 1.0)
    until(lambda: states(channel, "deleted").get(1, (0, ""))[0] == State.AVAILABLE)
    shutil.rmtree(models / "deleted")
    time.sleep(0.5)
    assert assert_answers(channel, "deleted") == 1
    write_version(models / "deleted", 2, 1.0)
    until(lambda: assert_answers(channel, "deleted") == 2)


@pytest.mark.parametrize("damage", ["garbage", "a link out", "a link to nowhere", "a file", "a loop"])
def test_a_version_that_cannot_be_used_leaves_the_old_one(
    process: ServerProcess, channel: grpc.Channel, models: Path, tmp_path: Path, damage: str
) -> None:
    model = f"model-{damage.replace(' ', '-')}"
    write_version(models / model, 1, 1.0)
    until(lambda: states(channel, model).get(1) == (State.AVAILABLE, ""))
    bad = models / model / "2"
    if damage == "garbage":
        write_version(tmp_path, 2, 2.0)
        (tmp_path / "2" / "saved_model.pb").write_bytes(os.urandom(1000))
        (tmp_path / "2").rename(bad)
    elif damage == "a link out":
        # The other model's files must not be read in this one's name.
        bad.symlink_to(models / "adder" / "1")
    elif damage == "a link to nowhere":
        bad.symlink_to("nowhere")
    elif damage == "a loop":
        bad.symlink_to("2")
    else:
        bad.write_text("not a folder")
    refused = damage in ("garbage", "a link out")
    if refused:
        until(lambda: states(channel, model).get(2, (0, ""))[0] == State.END)
        assert states(channel, model)[2][1]
    else:
        # Some looks at the folder later, there is still no version 2.
        time.sleep(0.5)
        assert list(states(channel, model)) == [1]
    assert assert_answers(channel, model) == 1
    assert states(channel, model)[1] == (State.AVAILABLE, "")


def test_a_thousand_idle_connections(process: ServerProcess, channel: grpc.Channel) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4 * CONNECTIONS), hard), hard))
    idle = []
    try:
        for address in (process.addresses.grpc, process.addresses.rest):
            assert address is not None
            host, port = address.split(":")
            idle += [socket.create_connection((host, int(port)), timeout=10) for _ in range(CONNECTIONS // 2)]
        threads = psutil.Process(process.pid).num_threads()
        assert_answers(channel)
        assert HTTP.get(f"http://{process.addresses.rest}/v1/models/adder").status_code == 200
        # They cost sockets, not threads.
        assert threads < 200
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert_answers(channel)


def test_slow_clients_hold_nobody_up(process: ServerProcess, channel: grpc.Channel) -> None:
    assert process.addresses.rest is not None
    host, port = process.addresses.rest.split(":")
    slow = [socket.create_connection((host, int(port)), timeout=20) for _ in range(100)]
    head = b"POST /v1/models/adder:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    for connection in slow:
        connection.sendall(head)
    assert_answers(channel)
    assert HTTP.get(f"http://{process.addresses.rest}/v1/models/adder").status_code == 200
    # The others were answered while these still had time; then they are told that they had none left.
    assert not select.select(slow, [], [], 0)[0]
    assert b" 408 " in slow[0].recv(100)
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    "sent", [b"", b"GET /v1/models/adder HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "some headers"]
)
def test_a_client_that_does_not_end_its_headers_is_cut_off(process: ServerProcess, sent: bytes) -> None:
    assert process.addresses.rest is not None
    host, port = process.addresses.rest.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(sent)
        began = time.monotonic()
        # A header now and then does not lengthen its time.
        while not select.select([connection], [], [], 0.5)[0]:
            assert time.monotonic() < began + 10
            if sent:
                connection.sendall(b"X-Slow: 1\r\n")
        assert connection.recv(100) == b""
        assert time.monotonic() > began + 2


def test_what_is_refused_is_a_line_of_json(process: ServerProcess) -> None:
    assert process.addresses.rest is not None
    host, port = process.addresses.rest.split(":")
    before = len(process.log)
    for sent in (b"hello\r\n\r\n", b"GET /v1/foo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(sent)
            assert b" 400 " in connection.recv(100)
    lines = [json.loads(line) for line in process.log[before:].splitlines()]
    assert [(line["protocol"], line["status"]) for line in lines] == [("REST", "INVALID_ARGUMENT")] * 2


def test_a_connection_may_send_request_after_request(process: ServerProcess) -> None:
    with httpx.Client(timeout=20) as client:
        for pause in (0.0, 1.6, 1.6):
            time.sleep(pause)
            assert client.get(f"http://{process.addresses.rest}/v1/models/adder").status_code == 200


def test_requests_that_come_during_a_pause_are_all_answered(process: ServerProcess, channel: grpc.Channel) -> None:
    predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
    assert_answers(channel)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        calls = [predict.future(add_request(), timeout=60) for _ in range(1500)]
        time.sleep(0.5)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert collections.Counter(call.code().name for call in calls) == {"OK": len(calls)}


def test_clients_recover_from_kill_9_within_a_second(process: ServerProcess, channel: grpc.Channel) -> None:
    with Load(process.addresses.grpc, rate=50.0) as load:
        until(lambda: len(load.answers) > 20)
        process.stop(signal.SIGKILL)
        process.start()
        ready = time.monotonic()
        until(lambda: load.answers[-1] > ready, seconds=1.0)
    assert set(load.codes) <= {"OK", "UNAVAILABLE"}
    assert_answers(channel)
