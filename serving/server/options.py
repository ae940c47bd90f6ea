"""The command line of `python -m serving.server`: TF Serving's options, and some of this server's own."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.server.batching.batching_parameters import batching_from_options
from serving.server.grpc_api.ssl_config import read_ssl_config
from serving.server.main import Models
from serving.server.metrics import METRICS_PATH
from serving.server.models.graph_session import Parallelism
from serving.server.models.model_config import ModelConfig
from serving.server.monitoring_config import read_metrics_path
from serving.server.request_log import LogRequests
from serving.server.requests.limits import Limits
from serving.server.settings import ModelConfigFile, ServerSettings

_LARGEST_PORT, _LARGEST_ARGUMENT = 65_535, 2**31 - 1


@dataclass(frozen=True)
class Options:
    """What the command line says: which models, how they are served, and the file to write once they are."""

    models: Models
    settings: ServerSettings
    ready_file: Path | None


def read_options(
    arguments: Sequence[str] | None = None,
    models: Path | None = None,
    program: str = "python -m serving.server",
) -> Options:
    """Reads the command line; what is wrong with it itself ends the process with a line that says so.

    Args:
        arguments: Command line without the program's name; None takes that of the process.
        models: Folder of the models' folders where the command line names none.
        program: What the usage calls the program.

    Raises:
        BatchingParametersError: The file of batching parameters cannot be used.
        MonitoringConfigError: The file of monitoring cannot be used.
        SslConfigError: The file of certificates cannot be used.
    """
    given = _parser(program, models_needed=models is None).parse_args(arguments)
    batching = batching_from_options(given.enable_batching, given.batching_parameters_file)
    credentials = read_ssl_config(given.ssl_config_file) if given.ssl_config_file is not None else None
    defaults = Limits()
    settings = ServerSettings(
        host=given.host,
        port=given.port,
        rest_port=given.rest_api_port,
        rest_timeout_seconds=given.rest_api_timeout_in_ms / 1000,
        rest_threads=given.rest_api_num_threads,
        grpc_threads=given.grpc_max_threads,
        parallelism=_parallelism(given),
        metrics_path=_metrics_path(given.monitoring_config_file),
        grpc_health=given.enable_grpc_healthcheck_service,
        grpc_socket_path=given.grpc_socket_path,
        grpc_channel_arguments=given.grpc_channel_arguments,
        credentials=credentials,
        batching=batching,
        limits=Limits(
            message_bytes=given.max_message_bytes or defaults.message_bytes,
            rows=given.max_rows or defaults.rows,
            text_bytes=given.max_text_bytes or defaults.text_bytes,
        ),
        poll_seconds=given.file_system_poll_wait_seconds,
        allow_labels_for_unavailable=given.allow_version_labels_for_unavailable_models,
        drain_seconds=given.drain_seconds,
        log_requests=LogRequests(given.log_requests),
    )
    return Options(_models(given) or models or Path(), settings, given.ready_file)


def _models(given: argparse.Namespace) -> Models | None:
    if given.model_config_file is not None:
        return ModelConfigFile(given.model_config_file, given.model_config_file_poll_wait_seconds)
    if given.model_base_path is not None:
        return {given.model_name: ModelConfig(base_path=given.model_base_path.absolute())}
    models: Path | None = given.models
    return models


def _metrics_path(file: Path | None) -> str | None:
    return METRICS_PATH if file is None else read_metrics_path(file)


def _parallelism(given: argparse.Namespace) -> Parallelism:
    # As in TF Serving, the one for both counts unless one of its own is given.
    both = given.tensorflow_session_parallelism
    return Parallelism(
        intra_op=given.tensorflow_intra_op_parallelism or both,
        inter_op=given.tensorflow_inter_op_parallelism or both,
    )


def _parser(program: str, models_needed: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serves models by TF Serving's protocols until it is told to stop.",
        allow_abbrev=False,
    )
    models = parser.add_mutually_exclusive_group(required=models_needed)
    _add(models, "models", Path, help="folder with <model>/<version>/, the latest version of each")
    _add(models, "model_config_file", Path, help="text-format ModelServerConfig of TF Serving")
    _add(models, "model_base_path", Path, help="folder of one model's versions")
    _add(parser, "model_name", str, "default", help="name of the model in --model_base_path")
    _add(parser, "model_config_file_poll_wait_seconds", float, 0.0, help="time between two looks at it; 0: one look")
    _add(parser, "file_system_poll_wait_seconds", float, 1.0, help="time between looks for new versions; 0: one look")
    _add_flag(parser, "allow_version_labels_for_unavailable_models", help="labels may name versions to come")
    _add(parser, "host", str, "127.0.0.1", help="address to listen on")
    _add(parser, "port", _port, 8500, help="gRPC port; 0 takes a free one")
    _add(parser, "rest_api_port", _port, help="REST port; 0 takes a free one; none without this option")
    _add(parser, "rest_api_timeout_in_ms", _positive, 30_000, help="time for a REST request")
    _add(parser, "rest_api_num_threads", _positive, help="REST calls that are answered at once")
    _add(parser, "grpc_max_threads", _positive, help="gRPC calls that are answered at once")
    _add(parser, "tensorflow_session_parallelism", _positive, 0, help="both of the next two")
    _add(parser, "tensorflow_intra_op_parallelism", _positive, 0, help="threads that compute one operation")
    _add(parser, "tensorflow_inter_op_parallelism", _positive, 0, help="operations that are computed at once")
    _add(parser, "grpc_socket_path", Path, help="Unix socket that gRPC listens on too")
    _add(
        parser, "grpc_channel_arguments", _channel_arguments, (), help="NAME=VALUE,… for the gRPC library's connections"
    )
    _add(parser, "ssl_config_file", Path, help="text-format SSLConfig of TF Serving, for the gRPC port")
    _add(parser, "monitoring_config_file", Path, help="text-format MonitoringConfig of TF Serving, for the metrics")
    _add_flag(parser, "enable_grpc_healthcheck_service", True, help="answer gRPC's health service")
    _add_flag(parser, "enable_batching", help="compute concurrent requests together")
    _add(parser, "batching_parameters_file", Path, help="text-format BatchingParameters of TF Serving")
    _add(parser, "max_message_bytes", _positive, help="largest request")
    _add(parser, "max_rows", _positive, help="most rows of an input")
    _add(parser, "max_text_bytes", _positive, help="longest string of an input")
    _add(parser, "drain_seconds", _seconds, 5.0, help="time for requests in flight when the server stops")
    _add(
        parser,
        "log_requests",
        str,
        LogRequests.REFUSED.value,
        choices=[choice.value for choice in LogRequests],
        help="which requests get a line of JSON; with `content` it has what the client sent",
    )
    _add(parser, "ready_file", Path, help="is written once the server answers: the gRPC address, then REST's")
    return parser


def _add(
    parser: argparse._ActionsContainer, name: str, kind: Callable[[str], Any], default: object = None, **more: Any
) -> None:
    parser.add_argument(*_spellings(name), dest=name, type=kind, default=default, **more)


def _add_flag(
    parser: argparse._ActionsContainer,
    name: str,
    default: bool = False,
    *,
    help: str,  # noqa: A002
) -> None:
    parser.add_argument(*_spellings(name), dest=name, type=_boolean, nargs="?", const=True, default=default, help=help)


def _spellings(name: str) -> list[str]:
    # With hyphens, as is usual, and with underscores, as in TF Serving.
    return sorted({f"--{name.replace('_', '-')}", f"--{name}"})


def _channel_arguments(text: str) -> tuple[tuple[str, str | int], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    if not all(name and equals for name, equals, _ in pairs):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE,NAME=VALUE, got {text!r}")
    values = {name: int(value) if value.lstrip("-").isdigit() else value for name, _, value in pairs}
    too_large = [name for name, value in values.items() if isinstance(value, int) and abs(value) > _LARGEST_ARGUMENT]
    if too_large:
        raise argparse.ArgumentTypeError(f"expected numbers of 32 bits, got {text!r}")
    return tuple(values.items())


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {_LARGEST_PORT}, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds, 0 or more, got {text!r}")
    return seconds


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text!r}")
    return int(text)


def _boolean(text: str) -> bool:
    values = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return values[text.lower()]
