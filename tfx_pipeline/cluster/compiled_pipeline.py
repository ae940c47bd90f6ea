"""A compiled pipeline as it is read back from its file: its steps, and what a submission may say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as specs

from tfx_pipeline.config.yaml_file import ConfigError

_TYPES = specs.ParameterType


@dataclass(frozen=True)
class CompiledPipeline:
    """A PipelineSpec.

    Attributes:
        file: Where it was read from.
        spec: The specification.
    """

    file: Path
    spec: specs.PipelineSpec

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(self.spec.pipeline_info.name)

    @property
    def tasks(self) -> Mapping[str, specs.PipelineTaskSpec]:
        """The steps, by name."""
        return self.spec.root.dag.tasks

    def component(self, task: str) -> specs.ComponentSpec:
        """Returns what a step takes and gives."""
        return self.spec.components[self.tasks[task].component_ref.name]

    def container(self, task: str) -> specs.PipelineDeploymentConfig.PipelineContainerSpec:
        """Returns what a step's container runs."""
        deployment = json_format.ParseDict(
            json_format.MessageToDict(self.spec.deployment_spec), specs.PipelineDeploymentConfig()
        )
        return deployment.executors[self.component(task).executor_label].container

    def constants(self, task: str) -> dict[str, Any]:
        """Returns the parameters of a step that are compiled in."""
        return {
            name: json_format.MessageToDict(value.runtime_value.constant)
            for name, value in self.tasks[task].inputs.parameters.items()
            if value.WhichOneof("kind") == "runtime_value"
        }

    def submitted(self, task: str) -> dict[str, str]:
        """Returns which parameter of the submission each of the other parameters of a step takes its value from."""
        return {
            name: value.component_input_parameter
            for name, value in self.tasks[task].inputs.parameters.items()
            if value.WhichOneof("kind") == "component_input_parameter"
        }

    def complete(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Returns a value for every parameter of the submission: what was given, or else its default.

        Args:
            given: Values as text, by name.

        Raises:
            ConfigError: A name is unknown, a value is not of its type, or one without a default is missing.
        """
        declared = self.spec.root.input_definitions.parameters
        for name in given:
            if name not in declared:
                raise ConfigError(f"--parameter {name}: {self.file} has no such parameter; it has {_listed(declared)}")
        values = {}
        for name, parameter in declared.items():
            if name in given:
                values[name] = _typed(name, given[name], parameter.parameter_type)
            elif parameter.HasField("default_value"):
                values[name] = _plain(json_format.MessageToDict(parameter.default_value), parameter.parameter_type)
        missing = declared.keys() - values.keys()
        if missing:
            raise ConfigError(f"{self.file} needs {_listed(missing)}; add --parameter {min(missing)}=VALUE")
        return values


def read_compiled(file: Path) -> CompiledPipeline:
    """Reads what `shelfwise compile` wrote for Kubeflow.

    Raises:
        ConfigError: The file is missing, or is no PipelineSpec of schema 2.1.0.
    """
    try:
        documents = [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each is not None]
        specifications = [each for each in documents if "pipelineInfo" in each]
        (specification,) = specifications
        spec = json_format.ParseDict(specification, specs.PipelineSpec())
    except FileNotFoundError as error:
        raise ConfigError(f"{file}: there is no such file; `shelfwise compile` writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    except (yaml.YAMLError, json_format.ParseError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: expected a PipelineSpec as `shelfwise compile` writes it") from error
    if spec.schema_version != "2.1.0":
        raise ConfigError(f"{file}: expected a PipelineSpec of schema 2.1.0, got {spec.schema_version or 'none'}")
    return CompiledPipeline(file, spec)


def _typed(name: str, text: str, kind: int) -> Any:
    if kind == _TYPES.STRING:
        return text
    try:
        return int(text) if kind == _TYPES.NUMBER_INTEGER else float(text)
    except ValueError as error:
        expected = "a whole number" if kind == _TYPES.NUMBER_INTEGER else "a number"
        raise ConfigError(f"--parameter {name}={text}: expected {expected}") from error


def _plain(value: Any, kind: int) -> Any:
    """Makes an integer of the double that stands for one in a specification."""
    return int(value) if kind == _TYPES.NUMBER_INTEGER else value


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
