"""The file of monitoring, and the health service, as a server follows them."""

from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.server.__main__ import main
from serving.server.background import server_thread
from serving.server.monitoring_config import MonitoringConfigError, read_metrics_path
from serving.server.options import read_options
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics"),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { path: "/metrics" }', None),
        ("", None),
    ],
)
def test_where_metrics_are(tmp_path: Path, text: str, path: str | None) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text(text, encoding="utf-8")
    assert read_metrics_path(file) == path
    assert read_options(["--models=/m", f"--monitoring_config_file={file}"]).settings.metrics_path == path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prometheus { }", "expected monitoring such as"),
        ('prometheus_config { enable: true path: "metrics" }', "expected a path such as"),
        ('prometheus_config { enable: true path: "/v1/models/m" }', "not one of the models"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        main([f"--models={tmp_path}", f"--monitoring_config_file={file}"])
    assert raised.value.code == 2
    assert message in capsys.readouterr().err
    with pytest.raises(MonitoringConfigError, match="cannot be read"):
        read_metrics_path(tmp_path / "none")


def test_a_server_without_metrics_and_health(tmp_path: Path) -> None:
    settings = ServerSettings(port=0, rest_port=0, metrics_path=None, grpc_health=False)
    with server_thread(tmp_path, settings) as addresses:
        assert HTTP.get(f"http://{addresses.rest}/monitoring/prometheus/metrics").status_code == 404
        with grpc.insecure_channel(addresses.grpc) as channel:
            call = health_pb2_grpc.HealthStub(channel).Check.future(health_pb2.HealthCheckRequest(), timeout=20)
            assert call.code() is grpc.StatusCode.UNIMPLEMENTED


def test_metrics_at_a_path_of_their_own(tmp_path: Path) -> None:
    with server_thread(tmp_path, ServerSettings(port=0, rest_port=0, metrics_path="/metrics")) as addresses:
        HTTP.get(f"http://{addresses.rest}/v1/models/m")
        assert "request_count" in HTTP.get(f"http://{addresses.rest}/metrics").text
        assert HTTP.get(f"http://{addresses.rest}/monitoring/prometheus/metrics").status_code == 404
