"""Which models are served, from where: TF Serving's ModelServerConfig."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.version_policy import All, Latest, Specific, VersionPolicy

PLATFORM = "tensorflow"
_EXAMPLE = (
    f'`model_config_list {{ config {{ name: "search" base_path: "/models/search" model_platform: "{PLATFORM}" }} }}`'
)


class ModelConfigError(ValueError):
    """A configuration of models that cannot be used; the message is for whoever wrote it."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """One model.

    Args:
        base_path: Folder of its version folders.
        policy: Which versions are served.
        labels: Version by label.
    """

    base_path: Path
    policy: VersionPolicy = field(default_factory=Latest)
    labels: Mapping[str, int] = field(default_factory=dict)


def read_model_config_file(path: Path) -> dict[str, ModelConfig]:
    """Reads a text-format `tensorflow.serving.ModelServerConfig`.

    Raises:
        ModelConfigError: The file cannot be read, names no list of models, or holds what cannot be served.
    """
    try:
        message = text_format.Parse(
            path.read_text(encoding="utf-8"), model_server_config_pb2.ModelServerConfig(), allow_unknown_field=False
        )
        if not message.HasField("model_config_list"):
            # An empty file, too: one that is written in two steps would take all models away in between.
            raise ModelConfigError(f"{path}: the file of models is empty; expected something such as {_EXAMPLE}")
        return model_configs(message)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelConfigError(f"{path}: the file of models cannot be read: {error}") from error
    except text_format.ParseError as error:
        raise ModelConfigError(
            f"Error parsing text-format tensorflow.serving.ModelServerConfig: {path}: {error}; expected something "
            f"such as {_EXAMPLE}"
        ) from error
    except StatusError as error:
        raise ModelConfigError(f"{path}: {error.message}") from error


def model_configs(message: model_server_config_pb2.ModelServerConfig) -> dict[str, ModelConfig]:
    """Returns the models of a ModelServerConfig by name.

    Raises:
        StatusError: INVALID_ARGUMENT for what TF Serving refuses too, and for paths that are not local folders.
    """
    configs: dict[str, ModelConfig] = {}
    for config in message.model_config_list.config:
        if config.name in configs:
            raise invalid_argument(f"Illegal to list model {config.name} multiple times in config list")
        configs[config.name] = _model_config(config)
    return configs


def _model_config(config: model_server_config_pb2.ModelConfig) -> ModelConfig:
    name, base_path = config.name, config.base_path
    if not name:
        raise invalid_argument(f"Expected a name for the model at base_path {base_path!r}")
    if not config.model_platform and not config.model_type:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
            f"model name is {name}"
        )
    if config.model_platform not in ("", PLATFORM):
        raise invalid_argument(f"Model {name} requests unsupported platform {config.model_platform}")
    if "\0" in name + base_path:
        raise invalid_argument(f"Expected a name and a base_path without NUL; got {name!r} and {base_path!r}")
    if "://" in base_path:
        raise invalid_argument(f"Model {name}: this server reads local folders only; got base_path()={base_path}")
    if not Path(base_path).is_absolute():
        raise invalid_argument(f"Expected model {name} to have an absolute path or URI; got base_path()={base_path}")
    return ModelConfig(
        base_path=Path(base_path), policy=_policy(config.model_version_policy), labels=dict(config.version_labels)
    )


def _policy(policy: object) -> VersionPolicy:
    choice = policy.WhichOneof("policy_choice")  # type: ignore[attr-defined]
    if choice == "all":
        return All()
    if choice == "specific":
        return Specific(frozenset(policy.specific.versions))  # type: ignore[attr-defined]
    return Latest(max(policy.latest.num_versions, 1))  # type: ignore[attr-defined]
