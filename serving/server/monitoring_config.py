"""Where metrics are, read from the file that TF Serving's `--monitoring_config_file` takes."""

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, text_format

from serving.server.metrics import METRICS_PATH
from serving.server.tf_serving_messages import message_class, message_field, scalar_field


class MonitoringConfigError(ValueError):
    """A file of monitoring that cannot be used; the message is for whoever wrote it."""


def read_metrics_path(path: Path) -> str | None:
    """Reads a text-format `tensorflow.serving.MonitoringConfig`.

    Returns:
        The path of the metrics on the REST port; None if they are not enabled.

    Raises:
        MonitoringConfigError: The file cannot be read, or holds what it should not.
    """
    try:
        config: Any = text_format.Parse(path.read_text(encoding="utf-8"), _monitoring_config())
    except (OSError, UnicodeDecodeError) as error:
        raise MonitoringConfigError(f"{path}: the file of monitoring cannot be read: {error}") from error
    except text_format.ParseError as error:
        raise MonitoringConfigError(
            f"{path}: expected monitoring such as `prometheus_config {{ enable: true }}`; line {error}"
        ) from error
    if not config.prometheus_config.enable:
        return None
    metrics_path = str(config.prometheus_config.path) or METRICS_PATH
    if not metrics_path.startswith("/") or metrics_path.lower().startswith("/v1/"):
        raise MonitoringConfigError(
            f"{path}: prometheus_config.path: expected a path such as {METRICS_PATH}, not one of the models below "
            f"/v1/, got {metrics_path!r}"
        )
    return metrics_path


def _monitoring_config() -> Any:
    kind = descriptor_pb2.FieldDescriptorProto
    prometheus = [scalar_field("enable", 1, kind.TYPE_BOOL), scalar_field("path", 2, kind.TYPE_STRING)]
    fields = [message_field("prometheus_config", 1, "PrometheusConfig")]
    return message_class("MonitoringConfig", fields, {"PrometheusConfig": prometheus})()
