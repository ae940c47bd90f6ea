"""The command line and the file of models: what is read, followed and refused."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.server.__main__ import main
from serving.server.background import server_thread
from serving.server.models.graph_session import Parallelism
from serving.server.models.model_config import ModelConfig
from serving.server.options import read_options
from serving.server.request_log import LogRequests
from serving.server.settings import ModelConfigFile, ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version


def write_config(path: Path, *models: tuple[str, Path]) -> None:
    configs = "".join(
        f'config {{ name: "{name}" base_path: "{folder}" model_platform: "tensorflow" }}' for name, folder in models
    )
    path.write_text(f"model_config_list {{ {configs} }}", encoding="utf-8")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_file_is_followed_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 1.0)
    file, lines = tmp_path / "models.config", []
    write_config(file, ("first", tmp_path / "adder"))
    settings = ServerSettings(port=0, rest_port=0)
    with server_thread(ModelConfigFile(file, poll_seconds=0.02), settings, lines.append) as addresses:
        until(lambda: any(line.startswith("ready: first version 1") for line in lines))
        file.write_text("model_config_list { config {", encoding="utf-8")
        until(lambda: any("not followed: Error parsing text-format" in line for line in lines))
        file.write_text("", encoding="utf-8")
        until(lambda: any("the file of models is empty" in line for line in lines))
        status = HTTP.get(f"http://{addresses.rest}/v1/models/first").json()
        assert status["model_version_status"][0]["state"] == "AVAILABLE"
        write_config(file, ("second", tmp_path / "adder"))
        until(lambda: "loaded second version 1" in lines)
        write_config(file, ("second", tmp_path / "adder"), ("third", tmp_path))
        until(lambda: any("1 model(s) did not become available" in line for line in lines))


def test_a_label_of_a_version_to_come_is_followed_once_that_is_loaded(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 1.0)
    file, lines = tmp_path / "models.config", []
    write_config(file, ("adder", tmp_path / "adder"))
    settings = ServerSettings(port=0, rest_port=0, poll_seconds=0.02)
    with server_thread(ModelConfigFile(file, poll_seconds=0.02), settings, lines.append) as addresses:
        labelled = file.read_text(encoding="utf-8").replace(
            'platform: "tensorflow"', 'platform: "tensorflow" version_labels { key: "stable" value: 2 }'
        )
        file.write_text(labelled, encoding="utf-8")
        until(lambda: any("assign label to version 2" in line for line in lines))
        write_version(tmp_path / "adder", 2, 2.0)
        until(lambda: f"read {file} again" in lines)
        # Tried many times meanwhile, and said once.
        assert sum("assign label" in line for line in lines) == 1
        status = HTTP.get(f"http://{addresses.rest}/v1/models/adder/labels/stable").json()
        assert status["model_version_status"][0]["version"] == "2"


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_server_that_is_to_look_once_does_not_look_again(tmp_path: Path, seconds: float) -> None:
    write_version(tmp_path / "adder", 1, 1.0)
    before = set(threading.enumerate())
    with server_thread(tmp_path, ServerSettings(port=0, poll_seconds=seconds)):
        assert "model-store" not in {thread.name for thread in set(threading.enumerate()) - before}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file of models is empty"),
        ("improperly formatted file", "Error parsing text-format tensorflow.serving.ModelServerConfig"),
        (
            'model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" '
            'version_labels { key: "stable" value: 1 } } }',
            "Request to assign label to version 1 of model m, which is not currently available for inference",
        ),
    ],
)
def test_a_server_does_not_start_on_a_file_that_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "models.config"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        main(["--model_config_file", str(file), "--port=0"])
    assert raised.value.code == 2
    assert message in capsys.readouterr().err


def test_options_as_tf_serving_spells_them(tmp_path: Path) -> None:
    options = read_options(
        [
            "--model_config_file=/etc/models.config",
            "--model_config_file_poll_wait_seconds=60",
            "--port=9500",
            "--rest_api_port=9501",
            "--rest_api_timeout_in_ms=2000",
            "--file_system_poll_wait_seconds=7",
            "--enable_batching=true",
            "--allow_version_labels_for_unavailable_models",
            "--log-requests=content",
            "--grpc_max_threads=3",
            "--rest_api_num_threads=4",
            "--tensorflow_session_parallelism=5",
            "--tensorflow_inter_op_parallelism=1",
            "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb",
        ]
    )
    assert options.models == ModelConfigFile(Path("/etc/models.config"), 60.0)
    settings = options.settings
    assert (settings.host, settings.port, settings.rest_port) == ("127.0.0.1", 9500, 9501)
    assert (settings.rest_timeout_seconds, settings.poll_seconds) == (2.0, 7.0)
    assert settings.batching is not None
    assert settings.allow_labels_for_unavailable
    assert (settings.grpc_threads, settings.rest_threads) == (3, 4)
    assert settings.parallelism == Parallelism(intra_op=5, inter_op=1)
    assert settings.log_requests is LogRequests.CONTENT
    assert settings.grpc_channel_arguments == (
        ("grpc.max_connection_age_ms", 2000),
        ("grpc.lb_policy_name", "grpclb"),
    )


def test_where_models_come_from(tmp_path: Path) -> None:
    one = read_options(["--model_base_path", "/models/m", "--model_name", "m"])
    assert one.models == {"m": ModelConfig(base_path=Path("/models/m"))}
    assert one.settings.rest_port is None
    assert read_options([], models=tmp_path).models == tmp_path
    assert read_options(["--models", "/m"], models=tmp_path).models == Path("/m")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--models=/m", "--model_base_path=/n"],
        ["--models=/m", "--enable_batching=perhaps"],
        ["--models=/m", "--grpc_max_threads=0"],
        ["--models=/m", "--grpc_channel_arguments=grpc.max_connection_age_ms"],
        ["--models=/m", "--grpc_channel_arguments=grpc.max_connection_age_ms=99999999999999999999"],
        ["--models=/m", "--port=65536"],
        ["--models=/m", "--rest_api_port=-1"],
        ["--models=/m", "--max_message_bytes=-1"],
        ["--models=/m", "--max_rows=0"],
        ["--models=/m", "--drain_seconds=-1"],
    ],
)
def test_options_that_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        read_options(arguments)
    assert raised.value.code == 2
    assert "error: " in capsys.readouterr().err
