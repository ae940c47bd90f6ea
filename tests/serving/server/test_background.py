"""A server beside other work says where it listens, and is stopped whatever happens."""

import os
import signal
import socket
import threading
from pathlib import Path

import psutil
import pytest

from serving.client import Shelfwise
from serving.server.background import ServerProcess, ServerStartError, server_thread
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.load import until
from tests.serving.server.tiny_models import write_version


def is_closed(address: str) -> bool:
    """Whether nobody listens there any more."""
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def test_a_process_is_stopped_when_the_asking_fails(tmp_path: Path) -> None:
    server = ServerProcess("--models", str(tmp_path), scratch=tmp_path)

    def ask() -> None:
        with server as addresses:
            assert not is_closed(addresses.grpc)
            raise KeyError("asking failed")

    with pytest.raises(KeyError):
        ask()
    assert is_closed(server.addresses.grpc)
    assert not psutil.pid_exists(server.pid)
    assert server.log.rstrip().endswith("stopping")


def test_a_process_that_cannot_start_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PYTHONHASHSEED", "not a number")
    server = ServerProcess("--models", str(tmp_path), scratch=tmp_path)
    with pytest.raises(ServerStartError, match=r"ended with code \d+:\n.*PYTHONHASHSEED"):
        server.start()
    with pytest.raises(RuntimeError, match="was not started"):
        _ = server.addresses


def test_a_process_that_takes_too_long_is_stopped_and_reported(tmp_path: Path) -> None:
    server = ServerProcess("--models", str(tmp_path), scratch=tmp_path, start_timeout_seconds=0.0)
    with pytest.raises(ServerStartError, match="was not ready after 0 s"), server:
        pytest.fail("It should not have been ready.")
    assert not psutil.pid_exists(server.pid)


def test_a_process_keeps_its_ports_and_its_log_when_it_is_started_again(tmp_path: Path) -> None:
    write_version(tmp_path / "models" / "adder", 1, 4.0)
    server = ServerProcess("--models", str(tmp_path / "models"), "--rest_api_port=0", scratch=tmp_path)
    with server as first:
        first_pid = server.pid
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        second = server.start()
        assert (second, server.pid != first_pid) == (first, True)
        assert HTTP.get(f"http://{second.rest}/v1/models/adder").status_code == 200
        assert server.log.count("loaded adder version 1") == 2
    assert server.stop() == 0


def test_a_thread_serves_until_the_block_ends_and_tells_what_it_does(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 4.0)
    before, lines = threading.active_count(), list[str]()
    with server_thread(tmp_path, announce=lines.append) as addresses, Shelfwise(addresses.grpc) as client:
        assert client.metadata("adder").model_spec.version.value == 1
    assert (lines[0], lines[-1]) == ("loaded adder version 1", "stopping")
    assert is_closed(addresses.grpc)
    # Those of gRPC end a moment after its server.
    until(lambda: threading.active_count() <= before)


def test_a_thread_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServerSettings(port=taken.getsockname()[1])
        with pytest.raises(ServerStartError) as raised, server_thread(tmp_path, settings):
            pytest.fail("It should not have been ready.")
    assert isinstance(raised.value.__cause__, OSError)
