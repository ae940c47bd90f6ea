"""The command line of `python -m serving.server`: TF Serving's options, and some of this server's own."""

import argparse
import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from serving.server.batching.batching_parameters import batching_from_options
from serving.server.grpc_api.ssl_config import read_ssl_config
from serving.server.main import Models
from serving.server.models.graph_session import Parallelism
from serving.server.models.model_config import ModelConfig
from serving.server.monitoring_config import read_metrics_path
from serving.server.request_log import LogRequests
from serving.server.requests.limits import Limits
from serving.server.settings import ModelConfigFile, ReloadFrom, ServerSettings

# The options that were given, by the fields of the settings, or by their own names where there is no such field.
Given: TypeAlias = dict[str, Any]

_LARGEST_PORT, _LARGEST_ARGUMENT = 65_535, 2**31 - 1


@dataclasses.dataclass(frozen=True)
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
    given = vars(_parser(program, models_needed=models is None).parse_args(arguments))
    if "ssl_config_file" in given:
        given["credentials"] = read_ssl_config(given["ssl_config_file"])
    if "monitoring_config_file" in given:
        given["metrics_path"] = read_metrics_path(given["monitoring_config_file"])
    if "log_requests" in given:
        given["log_requests"] = LogRequests(given["log_requests"])
    given["reload_from"] = _reload_from(given)
    settings = ServerSettings(
        **_fields_of(ServerSettings, given),
        parallelism=_parallelism(given),
        batching=batching_from_options(given.get("enable_batching", False), given.get("batching_parameters_file")),
        limits=Limits(**_fields_of(Limits, given)),
    )
    return Options(_models(given) or models or Path(), settings, given.get("ready_file"))


def _fields_of(kind: type[Any], given: Given) -> dict[str, Any]:
    """Returns what was given of the fields of a dataclass; the others keep its defaults."""
    return {field.name: given[field.name] for field in dataclasses.fields(kind) if field.name in given}


def _models(given: Given) -> Models | None:
    if "model_config_file" in given:
        poll = given.get("model_config_file_poll_wait_seconds", ModelConfigFile.poll_seconds)
        return ModelConfigFile(given["model_config_file"], poll)
    if "model_base_path" in given:
        return {given.get("model_name", "default"): ModelConfig(base_path=given["model_base_path"].absolute())}
    models: Path | None = given.get("models")
    return models


def _parallelism(given: Given) -> Parallelism:
    # As in TF Serving, the one for both counts unless one of its own is given.
    both = given.get("tensorflow_session_parallelism")
    counts = {"intra_op": both, "inter_op": both} if both is not None else {}
    return Parallelism(**{**counts, **_fields_of(Parallelism, given)})


def _reload_from(given: Given) -> ReloadFrom:
    if given.get("disable_model_reload", False):
        return ReloadFrom.NOWHERE
    return ReloadFrom.SOCKET if given.get("model_reload_by_socket_only", False) else ReloadFrom.ANYWHERE


def _parser(program: str, models_needed: bool) -> argparse.ArgumentParser:
    """Returns a parser of the options; what is not given is not in its result, so that no default stands here."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serves models by TF Serving's protocols until it is told to stop.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    models = parser.add_mutually_exclusive_group(required=models_needed)
    _add(models, "models", Path, help="folder with <model>/<version>/, the latest version of each")
    _add(models, "model_config_file", Path, help="text-format ModelServerConfig of TF Serving")
    _add(models, "model_base_path", Path, help="folder of one model's versions")
    _add(parser, "model_name", str, help="name of the model in --model_base_path")
    _add(parser, "model_config_file_poll_wait_seconds", float, help="time between two looks at it; 0: one look")
    _add(
        parser,
        "file_system_poll_wait_seconds",
        float,
        "poll_seconds",
        help="time between looks for new versions; 0: one look",
    )
    _add_flag(
        parser,
        "allow_version_labels_for_unavailable_models",
        "allow_labels_for_unavailable",
        help="labels may name versions to come",
    )
    _add_flag(
        parser,
        "enable_model_warmup",
        "warm_up",
        help="answer the requests of a version's warm-up file before it serves",
    )
    _add(parser, "host", str, help="address to listen on")
    _add(parser, "port", _port, help="gRPC port; 0 takes a free one")
    _add(parser, "rest_api_port", _port, "rest_port", help="REST port; 0 takes a free one; none without this option")
    _add(parser, "rest_api_timeout_in_ms", _milliseconds, "rest_timeout_seconds", help="time for a REST request")
    _add(parser, "rest_api_num_threads", _positive, "rest_threads", help="REST calls that are answered at once")
    _add_flag(
        parser, "rest_api_enable_cors_support", "rest_cors", help="let scripts of any web page read REST's answers"
    )
    _add(parser, "grpc_max_threads", _positive, "grpc_threads", help="gRPC calls that are answered at once")
    _add(parser, "tensorflow_session_parallelism", _positive, help="both of the next two")
    _add(parser, "tensorflow_intra_op_parallelism", _positive, "intra_op", help="threads that compute one operation")
    _add(parser, "tensorflow_inter_op_parallelism", _positive, "inter_op", help="operations that are computed at once")
    _add(parser, "grpc_socket_path", Path, help="Unix socket that gRPC listens on too")
    _add(parser, "grpc_channel_arguments", _channel_arguments, help="NAME=VALUE,… for the gRPC library's connections")
    _add(parser, "ssl_config_file", Path, help="text-format SSLConfig of TF Serving, for the gRPC port")
    _add(parser, "monitoring_config_file", Path, help="text-format MonitoringConfig of TF Serving, for the metrics")
    _add_flag(parser, "enable_grpc_healthcheck_service", "grpc_health", help="answer gRPC's health service")
    _add_flag(parser, "enable_batching", help="compute concurrent requests together")
    _add(parser, "batching_parameters_file", Path, help="text-format BatchingParameters of TF Serving")
    _add(parser, "max_message_bytes", _positive, "message_bytes", help="largest request")
    _add(parser, "max_rows", _positive, "rows", help="most rows of an input")
    _add(parser, "max_text_bytes", _positive, "text_bytes", help="longest string of an input")
    _add(
        parser,
        "max_input_bytes",
        _positive,
        "input_bytes",
        help="most bytes that the inputs of a request take once they are read",
    )
    _add(parser, "max_answer_bytes", _positive, "answer_bytes", help="largest answer")
    _add(
        parser,
        "max_inflight_bytes",
        _positive,
        "inflight_bytes",
        help="memory for all requests that are computed at once, by what their signatures' warm-up took",
    )
    _add(parser, "max_connections", _positive, help="most connections of each port")
    _add_flag(parser, "disable_model_reload", help="take no configuration by HandleReloadConfigRequest")
    _add_flag(parser, "model_reload_by_socket_only", help="take one only by the Unix socket of --grpc_socket_path")
    _add(parser, "drain_seconds", _seconds, help="time for requests in flight when the server stops")
    _add(
        parser,
        "log_requests",
        str,
        choices=[choice.value for choice in LogRequests],
        help="which requests get a line of JSON; with `content` it has what the client sent",
    )
    _add(parser, "ready_file", Path, help="is written once the server answers: the gRPC address, then REST's")
    return parser


def _add(
    parser: argparse._ActionsContainer, name: str, kind: Callable[[str], Any], field: str | None = None, **more: Any
) -> None:
    """Adds an option of one value.

    Args:
        parser: What it is added to.
        name: Of the option.
        kind: Reads the value.
        field: Of the settings, where that has another name.
        more: What `add_argument` takes.
    """
    more = {"metavar": name.upper(), **more} if "choices" not in more else more
    parser.add_argument(*_spellings(name), dest=field or name, type=kind, **more)


def _add_flag(parser: argparse._ActionsContainer, name: str, field: str | None = None, **more: Any) -> None:
    """Adds an option that is true where it stands without a value."""
    _add(parser, name, _boolean, field, nargs="?", const=True, **more)


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


def _milliseconds(text: str) -> float:
    return _positive(text) / 1000


def _boolean(text: str) -> bool:
    values = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return values[text.lower()]
