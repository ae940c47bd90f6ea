"""`shelfwise serve` hands its options on to the server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serving.server.process
from serving.server.settings import ModelConfigFile, ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.yaml_file import ConfigError

Served = list[tuple[Any, ServerSettings]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the server was started with; it does not start."""
    calls: Served = []
    monkeypatch.setattr(serving.server.process, "serve", lambda models, settings, **_: calls.append((models, settings)))
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


def test_the_process_logs_requests_and_says_where_it_listens(tmp_path: Path) -> None:
    write_version(tmp_path / "serving" / "adder", 1, 4.0)
    ready, project = tmp_path / "ready", Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "tfx_pipeline", "serve", "--root", str(tmp_path), "--port", "0"]
    command += ["--ready-file", str(ready), "--log_requests", "all"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if line.startswith("ready: "))
            _, rest = ready.read_text(encoding="utf-8").splitlines()
            assert HTTP.get(f"http://{rest}/v1/models/adder").status_code == 200
        finally:
            process.terminate()
        _, errors = process.communicate(timeout=60)
    (line,) = errors.splitlines()
    assert json.loads(line)["model"] == "adder"


def test_wrong_options_are_bad_input(served: Served) -> None:
    assert invoke("--no-such-option").exit_code == 2
    for option in ("--batching-parameters-file", "--ssl_config_file"):
        assert isinstance(invoke(option, "none.config").exception, ConfigError)
    assert served == []
