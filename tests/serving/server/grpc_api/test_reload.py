"""Who may send a configuration, and what the log says of it."""

import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from serving.server.background import server_thread
from serving.server.request_log import LOGGER, LogRequests
from serving.server.settings import ReloadFrom, ServerSettings
from tests.serving.server.tiny_models import write_version


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_version(folder / "adder", 1, 1.0)
    return folder


def no_models() -> model_management_pb2.ReloadConfigRequest:
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    return request


def reload_code(address: str) -> str:
    with grpc.insecure_channel(address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        return str(stub.HandleReloadConfigRequest.future(no_models(), timeout=20).code().name)


@contextmanager
def serving(models: Path, lines: list[str], reload_from: ReloadFrom) -> Iterator[tuple[str, str]]:
    """Gives the address of the port, and that of the socket."""
    # A path of a socket is short, which those of tests are not.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "grpc.sock")
        settings = ServerSettings(port=0, grpc_socket_path=path, reload_from=reload_from, log_requests=LogRequests.NONE)
        with server_thread(models, settings, lines.append) as addresses:
            yield addresses.grpc, f"unix:{path}"


@pytest.mark.parametrize(
    ("reload_from", "by_port", "by_socket"),
    [
        (ReloadFrom.ANYWHERE, "OK", "OK"),
        (ReloadFrom.SOCKET, "PERMISSION_DENIED", "OK"),
        (ReloadFrom.NOWHERE, "PERMISSION_DENIED", "PERMISSION_DENIED"),
    ],
)
def test_who_may_send_a_configuration(models: Path, reload_from: ReloadFrom, by_port: str, by_socket: str) -> None:
    lines: list[str] = []
    with serving(models, lines, reload_from) as (port, socket):
        assert reload_code(port) == by_port
        assert reload_code(socket) == by_socket
    assert ("unloaded adder version 1" in lines) == ("OK" in (by_port, by_socket))


def test_the_log_says_what_went_and_who_asked_for_it(
    models: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server's command line that another test called has set these.
    monkeypatch.setattr(LOGGER, "propagate", True)
    monkeypatch.setattr(LOGGER, "handlers", [])
    lines: list[str] = []
    with caplog.at_level(logging.INFO, LOGGER.name), serving(models, lines, ReloadFrom.ANYWHERE) as (port, _):
        assert reload_code(port) == "OK"
    asked, unloaded = lines[-3:-1]
    assert asked.startswith("configuration of ipv4:127.0.0.1:")
    assert asked.endswith(": no models; gone: adder")
    assert unloaded == "unloaded adder version 1"
    # Also where no requests are logged.
    (line,) = [json.loads(record.getMessage()) for record in caplog.records if record.name == LOGGER.name]
    assert (line["method"], line["status"]) == ("HandleReloadConfigRequest", "OK")
    assert line["peer"].startswith("ipv4:127.0.0.1:")
