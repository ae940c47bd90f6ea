"""`shelfwise serve`: the embedded server on what a run has pushed."""

from collections.abc import Sequence
from pathlib import Path

from serving.server.environment import start_tensorflow
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.terminal.console import console


def serve(root: Path, host: str, port: int, rest_port: int | None, more: Sequence[str]) -> None:
    """Serves until it is told to stop.

    Args:
        root: Folder of a run.
        host: Address to listen on.
        port: gRPC port; 0 takes a free one.
        rest_port: REST port; None is the one after the gRPC port, and none at all where gRPC has certificates.
        more: Options of `python -m serving.server`.

    Raises:
        ConfigError: The options or the models cannot be used.
    """
    start_tensorflow()
    from serving.server.batching.batching_parameters import BatchingParametersError
    from serving.server.errors import StatusError
    from serving.server.grpc_api.ssl_config import SslConfigError
    from serving.server.models.model_config import ModelConfigError
    from serving.server.monitoring_config import MonitoringConfigError
    from serving.server.options import read_options
    from serving.server.process import serve_process

    secured = any(option.replace("-", "_").startswith("__ssl_config_file") for option in more)
    if rest_port is None and not secured:
        rest_port = port + 1 if port else 0
    rest = ["--rest-api-port", str(rest_port)] if rest_port is not None else []
    try:
        arguments = ["--host", host, "--port", str(port), *rest, *more]
        options = read_options(arguments, models=root / "serving", program="shelfwise serve")
        serve_process(options, announce=console.print)
    except (BatchingParametersError, ModelConfigError, MonitoringConfigError, SslConfigError, StatusError) as error:
        raise ConfigError(str(error)) from error
