"""`python -m tfx_pipeline.cluster.container_step`: what the container of a step runs on Kubeflow.

The launcher of Kubeflow Pipelines copies a step's input artifacts into folders of its container, and what the step
leaves in others back to the object store; the step itself is told the URIs. Here three things are mended before TFX
begins (the sources are those of backend/src/v2 in Kubeflow Pipelines 2.17):

- TFX would open the URIs, which it can for `gs://` alone. Each is replaced by the launcher's folder, so that every
  component sees plain paths, whatever the store (`LocalPathForURI` in component/launcher_v2.go).
- Input artifacts come without their type (`GetOutputArtifactsByExecutionId` in metadata/client.go), by which TFX finds
  their class. It is put back from the step's own declaration.
- The launcher adds an output `executor-logs` for itself (driver/driver.go), of a type that TFX cannot import.
"""

import json
import logging
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx_pipeline.terminal.exit_codes import EXIT_BAD_INPUT, EXIT_OTHER
from tfx_pipeline.workers.failure_cause import find_cause

_TFX_STEP = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"
_INPUT_FLAG = "--json_serialized_invocation_args"
_DECLARATION_FLAG = "--json_serialized_inputs_spec_args"
KEEP_URIS_FLAG = "--keep_uris"
LAUNCHERS_OUTPUT = "executor-logs"
_FOLDERS = {"gs://": "gcs", "s3://": "s3", "minio://": "minio"}


def run_step(arguments: Sequence[str], mounts: Path = Path("/")) -> int:
    """Runs TFX's step on local copies.

    Args:
        arguments: Those of TFX's own step: the executor's class, ExecutorInput and its declaration as JSON, Beam's
            arguments. With `--keep_uris` among them, artifacts are opened where they are.
        mounts: Where the launcher's folders are.

    Returns:
        The exit status: 2 where the user's data or configuration has to change, 1 for any other failure. The last line
        on standard error is the cause.
    """
    keep_uris = KEEP_URIS_FLAG in arguments
    arguments = [argument for argument in arguments if argument != KEEP_URIS_FLAG]
    place = arguments.index(_INPUT_FLAG) + 1
    executor_input = json.loads(arguments[place])
    _mend_types(executor_input, json.loads(arguments[arguments.index(_DECLARATION_FLAG) + 1]))
    if not keep_uris:
        for side in ("inputs", "outputs"):
            for artifact in _artifacts(executor_input.get(side, {})):
                artifact["uri"] = artifact.pop("customPath", "") or local_path(artifact["uri"], mounts)
    arguments[place] = json.dumps(executor_input)
    sys.argv = [_TFX_STEP, *arguments]
    try:
        runpy.run_module(_TFX_STEP, run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        if stop.code:
            sys.stderr.write("error: TFX did not take the step's arguments\n")
            return EXIT_OTHER
    except Exception as error:
        logging.exception("The step failed.")
        cause = find_cause(error)
        sys.stderr.write(f"error: {cause.message}\n")
        return EXIT_BAD_INPUT if cause.kind == "input" else EXIT_OTHER
    if not keep_uris:
        _forget_paths(Path(executor_input["outputs"]["outputFile"]))
    return 0


def local_path(uri: str, mounts: Path = Path("/")) -> str:
    """Returns the launcher's folder for a URI; what is no URI of an object store is returned as it is."""
    for scheme, folder in _FOLDERS.items():
        if uri.startswith(scheme):
            return str(mounts / folder / uri.removeprefix(scheme))
    return uri


def _mend_types(executor_input: dict[str, Any], declaration: dict[str, Any]) -> None:
    executor_input["outputs"].get("artifacts", {}).pop(LAUNCHERS_OUTPUT, None)
    for name, entry in executor_input.get("inputs", {}).get("artifacts", {}).items():
        for artifact in entry["artifacts"]:
            artifact["type"] = declaration["artifacts"][name]["artifactType"]


def _artifacts(side: dict[str, Any]) -> list[dict[str, Any]]:
    return [artifact for entry in side.get("artifacts", {}).values() for artifact in entry.get("artifacts", [])]


def _forget_paths(output_file: Path) -> None:
    """Takes the paths out of what the launcher reads: it would record them in place of the URIs."""
    output = json.loads(output_file.read_text(encoding="utf-8"))
    for artifact in _artifacts(output):
        artifact.pop("uri", None)
    output_file.write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_step(sys.argv[1:]))
