"""`shelfwise serve` hands its options on to the server."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serving.server.main
from serving.server.errors import invalid_argument
from serving.server.request_log import LOGGER, RequestLog
from serving.server.settings import ModelConfigFile, ServerSettings
from tfx_pipeline.cli import app
from tfx_pipeline.config import ConfigError

Served = list[tuple[Any, ServerSettings]]


@pytest.fixture(autouse=True)
def _log_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOGGER, "handlers", [])
    monkeypatch.setattr(LOGGER, "propagate", True)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the server was started with; it does not start."""
    calls: Served = []
    monkeypatch.setattr(serving.server.main, "serve", lambda models, settings, **_: calls.append((models, settings)))
    return calls


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["serve", *arguments])


def test_rest_is_on_the_next_port(served: Served) -> None:
    assert invoke("--root", "runs/shop").exit_code == 0
    models, settings = served[0]
    assert models == Path("runs/shop/serving")
    assert (settings.host, settings.port, settings.rest_port, settings.batching) == ("127.0.0.1", 8500, 8501, None)


@pytest.mark.parametrize(
    ("arguments", "ports"), [(["--port", "0"], (0, 0)), (["--port", "9500", "--rest-port", "80"], (9500, 80))]
)
def test_ports(served: Served, arguments: list[str], ports: tuple[int, int]) -> None:
    assert invoke(*arguments).exit_code == 0
    assert (served[0][1].port, served[0][1].rest_port) == ports


def test_all_options_of_the_server(served: Served) -> None:
    done = invoke("--enable-batching", "--max_rows=7", "--model_config_file", "m.config", "--host", "0.0.0.0")
    assert done.exit_code == 0, done.output
    models, settings = served[0]
    assert models == ModelConfigFile(Path("m.config"))
    assert settings.batching is not None
    assert (settings.limits.rows, settings.host) == (7, "0.0.0.0")


def test_wrong_options_are_bad_input(served: Served) -> None:
    assert invoke("--no-such-option").exit_code == 2
    for option in ("--batching-parameters-file", "--ssl_config_file"):
        assert isinstance(invoke(option, "none.config").exception, ConfigError)
    assert served == []


def test_refused_requests_are_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        RequestLog().record("search", "predict", "REST", 0.001, invalid_argument("no"), b"")

    monkeypatch.setattr(serving.server.main, "serve", refuse)
    done = invoke("--root", "runs/shop")
    assert json.loads(done.stderr)["status"] == "INVALID_ARGUMENT"
