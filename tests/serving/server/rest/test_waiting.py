"""REST requests that wait for a thread: those that nobody waits for any more are not computed."""

import contextlib
import http.client
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.server.background import server_thread
from serving.server.ready_file import ServerAddresses
from serving.server.settings import ServerSettings
from tests.serving.server.load import until
from tests.serving.server.rest.files_model import write_files_model


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_files_model(folder / "files")
    return folder


@contextlib.contextmanager
def one_thread(models: Path, timeout_seconds: float) -> Iterator[ServerAddresses]:
    settings = ServerSettings(port=0, rest_port=0, rest_threads=1, rest_timeout_seconds=timeout_seconds)
    with server_thread(models, settings) as addresses:
        yield addresses


def send(addresses: ServerAddresses, signature: str, path: Path) -> http.client.HTTPConnection:
    """Sends a request, and returns the connection that its answer will come by."""
    assert addresses.rest is not None
    connection = http.client.HTTPConnection(addresses.rest, timeout=30)
    body = json.dumps({"signature_name": signature, "instances": [str(path)]})
    connection.request("POST", "/v1/models/files:predict", body)
    return connection


def answer(connection: http.client.HTTPConnection) -> tuple[int, dict[str, object]]:
    with contextlib.closing(connection):
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def page(addresses: ServerAddresses) -> str:
    """Returns the metrics, which need no thread: once they are here, what was sent before has been read.

    That holds for a connection of its own alone: one that is kept open overtakes those that wait to be accepted.
    """
    assert addresses.rest is not None
    with contextlib.closing(http.client.HTTPConnection(addresses.rest, timeout=30)) as connection:
        connection.request("GET", "/monitoring/prometheus/metrics")
        return connection.getresponse().read().decode()


@contextlib.contextmanager
def busy(addresses: ServerAddresses, tmp_path: Path) -> Iterator[None]:
    """Keeps the only thread busy for as long as the block lasts."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    connection = send(addresses, "read", pipe)
    until(lambda: Path(f"{pipe}.begun").exists())
    yield
    os.close(os.open(pipe, os.O_WRONLY))
    answer(connection)


def test_a_request_whose_client_has_gone_is_not_computed(models: Path, tmp_path: Path) -> None:
    gone, stayed = tmp_path / "gone", tmp_path / "stayed"
    with one_thread(models, timeout_seconds=30.0) as addresses:
        with busy(addresses, tmp_path):
            connection = send(addresses, "write", gone)
            page(addresses)
            connection.close()
            page(addresses)
        assert answer(send(addresses, "write", stayed))[0] == 200
        assert stayed.exists()
        assert not gone.exists()
        assert 'request_count{model_name="files",status="CANCELLED"} 1.0' in page(addresses)


def test_the_time_in_the_queue_counts(models: Path, tmp_path: Path) -> None:
    late = tmp_path / "late"
    with one_thread(models, timeout_seconds=0.5) as addresses:
        with busy(addresses, tmp_path):
            connection = send(addresses, "write", late)
            page(addresses)
            deadline = time.monotonic() + 0.5
            until(lambda: time.monotonic() > deadline)
        status, body = answer(connection)
        assert status == 504
        assert body == {"error": "The deadline passed before the request was answered."}
        assert not late.exists()
        assert answer(send(addresses, "write", late))[0] == 200
