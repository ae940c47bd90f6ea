"""One step of a compiled pipeline, run as its container would be, but on this machine."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as specs

from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline
from tfx_pipeline.cluster.container_step import LAUNCHERS_OUTPUT

_PLACEHOLDER = "{{$}}"
_LAST_LINES = 12


class StepFailed(RuntimeError):
    """A step ended with an error; the message names it and shows the last lines that it wrote.

    Attributes:
        exit_code: What its process ended with.
        last_line: The last line that it wrote.
    """

    def __init__(self, task: str, exit_code: int, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        super().__init__("\n".join([f"{task} failed with exit code {exit_code}; its last lines, of {log}:", *lines]))
        self.exit_code = exit_code
        self.last_line = lines[-1] if lines else ""


@dataclass(frozen=True, kw_only=True)
class StepOutcome:
    """What a step put out.

    Attributes:
        artifacts: Its artifacts by output key, with their URIs and metadata.
        cached: Whether an earlier run of the same step was used.
    """

    artifacts: Mapping[str, specs.ArtifactList]
    cached: bool


class Step:
    """A step under a root folder, which keeps what it has done.

    Below the root are `artifacts/STEP/ATTEMPT/KEY`, `logs/STEP.log` and `steps/STEP.json`: what was run, and what came
    of it. The last is written when the step is done, so a step of a killed run begins anew, in folders of its own.

    Args:
        compiled: The pipeline.
        task: The step's name.
        parameters: Every parameter of the submission.
        root: The folder.
    """

    def __init__(self, compiled: CompiledPipeline, task: str, parameters: Mapping[str, Any], root: Path) -> None:
        self.task = task
        self._spec = compiled.tasks[task]
        self._component = compiled.component(task)
        self._container = compiled.container(task)
        self._parameters = {
            **compiled.constants(task),
            **{name: parameters[source] for name, source in compiled.submitted(task).items()},
        }
        self._artifacts = root / "artifacts" / task
        self._log = root / "logs" / f"{task}.log"
        self._record = root / "steps" / f"{task}.json"

    def producers(self) -> set[str]:
        """Returns the steps that have to be done before this one."""
        inputs = self._spec.inputs.artifacts.values()
        return {*self._spec.dependent_tasks, *(value.task_output_artifact.producer_task for value in inputs)}

    def run(self, done: Mapping[str, StepOutcome], started: Callable[[subprocess.Popen[bytes]], None]) -> StepOutcome:
        """Runs the step's command in an empty folder, or takes over what it put out before on the same inputs.

        Args:
            done: The outcome of each of its producers.
            started: Is told the process.

        Raises:
            StepFailed: The command ended with an error.
        """
        executor_input = self._inputs(done)
        fingerprint = self._fingerprint(executor_input)
        known = self._recorded(fingerprint)
        if known is not None:
            return known
        attempt = self._new_attempt()
        self._add_outputs(executor_input, attempt)
        self._execute(executor_input, attempt, started)
        outcome = StepOutcome(artifacts=_merged(executor_input), cached=False)
        self._write_record(fingerprint, outcome)
        return outcome

    def _inputs(self, done: Mapping[str, StepOutcome]) -> specs.ExecutorInput:
        executor_input = specs.ExecutorInput()
        for name, value in self._parameters.items():
            json_format.ParseDict(value, executor_input.inputs.parameter_values[name])
        for name, value in self._spec.inputs.artifacts.items():
            source = value.task_output_artifact
            produced = done[source.producer_task].artifacts[source.output_artifact_key]
            executor_input.inputs.artifacts[name].CopyFrom(produced)
            for artifact in executor_input.inputs.artifacts[name].artifacts:
                # The backend has forgotten it by then.
                artifact.type.instance_schema = ""
        return executor_input

    def _fingerprint(self, executor_input: specs.ExecutorInput) -> str:
        """Digests command and inputs; artifacts count by their URIs, of which every attempt has new ones."""
        parts = [
            list(self._container.command),
            list(self._container.args),
            json_format.MessageToDict(executor_input.inputs),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _recorded(self, fingerprint: str) -> StepOutcome | None:
        if not self._spec.caching_options.enable_cache or not self._record.exists():
            return None
        record = json.loads(self._record.read_text(encoding="utf-8"))
        if record["fingerprint"] != fingerprint:
            return None
        artifacts = {
            key: json_format.ParseDict(value, specs.ArtifactList()) for key, value in record["artifacts"].items()
        }
        uris = [artifact.uri for value in artifacts.values() for artifact in value.artifacts]
        return StepOutcome(artifacts=artifacts, cached=True) if all(map(os.path.exists, uris)) else None

    def _write_record(self, fingerprint: str, outcome: StepOutcome) -> None:
        artifacts = {key: json_format.MessageToDict(value) for key, value in outcome.artifacts.items()}
        self._record.parent.mkdir(parents=True, exist_ok=True)
        partial = self._record.with_suffix(".partial")
        partial.write_text(json.dumps({"fingerprint": fingerprint, "artifacts": artifacts}), encoding="utf-8")
        partial.replace(self._record)

    def _new_attempt(self) -> Path:
        """Makes a folder that no process of an earlier run can be writing to."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        attempts = [int(each.name) for each in self._artifacts.iterdir() if each.name.isdecimal()]
        attempt = self._artifacts / str(max(attempts, default=0) + 1)
        attempt.mkdir()
        return attempt

    def _add_outputs(self, executor_input: specs.ExecutorInput, attempt: Path) -> None:
        for key, value in self._component.output_definitions.artifacts.items():
            artifact = executor_input.outputs.artifacts[key].artifacts.add()
            artifact.name = f"{self.task}/{key}"
            artifact.uri = str(attempt / key)
            artifact.type.CopyFrom(value.artifact_type)
        # As the launcher adds it, for what the container writes.
        logs = executor_input.outputs.artifacts[LAUNCHERS_OUTPUT].artifacts.add()
        logs.name, logs.uri, logs.type.schema_title = LAUNCHERS_OUTPUT, str(self._log), "system.Artifact"
        executor_input.outputs.output_file = str(attempt / "executor_output" / "output_metadata.json")

    def _execute(
        self, executor_input: specs.ExecutorInput, attempt: Path, started: Callable[[subprocess.Popen[bytes]], None]
    ) -> None:
        as_json = json_format.MessageToJson(executor_input, indent=None)
        command = [part.replace(_PLACEHOLDER, as_json) for part in (*self._container.command, *self._container.args)]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as empty, self._log.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=empty, env=_environment(empty), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            started(process)
            exit_code = process.wait()
        if exit_code:
            raise StepFailed(self.task, exit_code, self._log)


def _environment(home: str) -> dict[str, str]:
    """Returns what a container's environment holds: this Python as `python`, and nothing of the calling shell."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": home,
        "LANG": "C.UTF-8",
        "TF_CPP_MIN_LOG_LEVEL": "1",
    }


def _merged(executor_input: specs.ExecutorInput) -> dict[str, specs.ArtifactList]:
    """Returns the output artifacts with the metadata that the step wrote of them, as the launcher records it."""
    output = json_format.Parse(
        Path(executor_input.outputs.output_file).read_text(encoding="utf-8"),
        specs.ExecutorOutput(),
        ignore_unknown_fields=True,
    )
    merged = {}
    for key, artifacts in executor_input.outputs.artifacts.items():
        if key == LAUNCHERS_OUTPUT:
            continue
        merged[key] = specs.ArtifactList()
        merged[key].CopyFrom(artifacts)
        if key in output.artifacts:
            merged[key].artifacts[0].metadata.MergeFrom(output.artifacts[key].artifacts[0].metadata)
    return merged
