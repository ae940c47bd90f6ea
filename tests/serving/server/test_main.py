"""The server as a process: ready line, new versions, signals, and no TFX in it."""

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client import Shelfwise
from serving.server.background import ServerProcess
from serving.server.main import serve
from serving.server.options import read_options
from serving.server.process import raise_descriptor_limit
from serving.server.ready_file import ServerAddresses
from serving.server.settings import ServerSettings
from tests.serving.server.load import until
from tests.serving.server.rest.files_model import write_files_model
from tests.serving.server.tiny_models import write_version

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("number", "options"), [(signal.SIGTERM, []), (signal.SIGINT, ["--enable-batching"])])
def test_the_process_serves_until_it_is_told_to_stop(
    tmp_path: Path, number: signal.Signals, options: list[str]
) -> None:
    write_version(tmp_path / "models" / "adder", 1, 4.0)
    server = ServerProcess("--models", str(tmp_path / "models"), *options, scratch=tmp_path)
    server.begin()
    begun = server.pid
    with server:
        assert server.pid == begun
        until(lambda: len(server.log.splitlines()) == 2)
        loaded, ready = server.log.splitlines()
        assert loaded == "loaded adder version 1"
        assert ready.startswith("ready: adder version 1")
        inputs = {"x": np.zeros((1, 2), np.float32), "name": np.array([b""], object)}
        with Shelfwise(ready.split()[-1]) as client:
            np.testing.assert_array_equal(client.predict("adder", "", inputs)["sum"], [[4.0, 4.0]])
        assert server.stop(number) == 0


def test_the_server_starts_without_models_and_stops_on_its_event(tmp_path: Path) -> None:
    lines: list[str] = []
    stop = threading.Event()
    ready: list[ServerAddresses] = []

    def on_ready(addresses: ServerAddresses) -> None:
        ready.append(addresses)
        stop.set()

    serve(tmp_path, ServerSettings(port=0, rest_port=0), announce=lines.append, on_ready=on_ready, stop=stop)
    addresses = ready[0]
    assert lines == [
        f"ready: no model yet in {tmp_path}, REST at {addresses.rest}, gRPC at {addresses.grpc}",
        "stopping",
    ]


def test_a_port_is_closed_until_the_server_answers(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 4.0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen: list[int] = []

    def look(line: str) -> None:
        if line.startswith("loaded"):
            with socket.socket() as client:
                seen.append(client.connect_ex(("127.0.0.1", port)))

    stop = threading.Event()
    settings = ServerSettings(port=port)
    serve(tmp_path, settings, announce=look, on_ready=lambda _: stop.set(), stop=stop)
    assert seen == [errno.ECONNREFUSED]


def test_a_taken_port_is_said_before_models_are_loaded(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 4.0)
    lines: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServerSettings(port=taken.getsockname()[1])
        with pytest.raises(OSError, match=r"Cannot listen on 127\.0\.0\.1:.*already in use"):
            serve(tmp_path, settings, announce=lines.append, stop=threading.Event())
    with pytest.raises(OSError, match=r"Cannot listen on 192\.0\.2\.1"):
        serve(tmp_path, ServerSettings(host="192.0.2.1", port=1), announce=lines.append, stop=threading.Event())
    assert lines == []


def test_neither_server_nor_client_imports_tfx_or_keras() -> None:
    program = (
        "import sys, serving.client, serving.server.main;"
        "print([name for name in ('tfx', 'apache_beam', 'keras', 'trainer', 'components') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_the_server_does_is_told_in_single_lines(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 2, 1.0, warm_up_x=-2000.0)
    lines: list[str] = []
    stop = threading.Event()
    serve(tmp_path, ServerSettings(port=0), announce=lines.append, on_ready=lambda _: stop.set(), stop=stop)
    refused = next(line for line in lines if line.startswith("refused adder version 2: "))
    assert "x is too small" in refused
    assert "\n" not in "".join(lines)


def test_without_warm_up_its_requests_are_not_asked(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 2, 1.0, warm_up_x=-2000.0)
    lines: list[str] = []
    stop = threading.Event()
    settings = read_options(["--models", str(tmp_path), "--port=0", "--enable_model_warmup=false"]).settings
    serve(tmp_path, settings, announce=lines.append, on_ready=lambda _: stop.set(), stop=stop)
    assert "loaded adder version 2" in lines


def test_a_computation_that_does_not_end_does_not_keep_the_process(tmp_path: Path) -> None:
    write_files_model(tmp_path / "models" / "files")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    options = ["--models", str(tmp_path / "models"), "--drain_seconds=1", "--file_system_poll_wait_seconds=0"]
    server = ServerProcess(*options, scratch=tmp_path)
    with server as addresses, grpc.insecure_channel(addresses.grpc) as channel:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "files", "read"
        request.inputs["path"].CopyFrom(tf.make_tensor_proto(np.array([str(pipe).encode()], object)))
        call = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict.future(request, timeout=60)
        until(lambda: Path(f"{pipe}.begun").exists())
        assert not call.done()
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 3.0
    assert not (tmp_path / "ready").exists()
    assert server.log.splitlines()[-1] == "stopped; what was still computed is left behind"


def test_more_connections_than_descriptors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"now": (100, 1000)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: limits.update(now=pair))
    raise_descriptor_limit(50)
    assert limits["now"] == (100, 1000)
    raise_descriptor_limit(900)
    assert limits["now"] == (900, 1000)
    with pytest.raises(OSError, match="--max_connections needs 1001 descriptors, and this process may have 1000"):
        raise_descriptor_limit(1001)
