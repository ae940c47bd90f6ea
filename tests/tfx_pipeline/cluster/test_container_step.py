"""The command of a step's container, with artifacts in an object store whose copies the launcher has made."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_pipeline.cluster.container_step import local_path

RUN = "import sys, pathlib; from tfx_pipeline.cluster.container_step import run_step; "
RUN += "sys.exit(run_step(sys.argv[2:], pathlib.Path(sys.argv[1])))"
SCHEMA = "components.tables.import_schema.ImportSchema_Executor"
TABLE = "components.tables.example_gen.TableExampleGenExecutor"


def run_step(mounts: Path, executor: str, parameters: dict[str, Any], artifact: dict[str, Any]) -> Any:
    """Runs the step in a process of its own, as absl wants it; returns the process and the output file's path."""
    output_file = mounts / "outputs" / "output_metadata.json"
    kinds = {name: {"parameterType": "STRING"} for name in parameters}
    executor_input = {
        "inputs": {"parameterValues": parameters},
        "outputs": {
            "artifacts": {key: {"artifacts": [value]} for key, value in artifact.items()},
            "outputFile": str(output_file),
        },
    }
    command = [sys.executable, "-c", RUN, str(mounts), "--executor_class_path", executor]
    command += ["--json_serialized_invocation_args", json.dumps(executor_input)]
    command += ["--json_serialized_inputs_spec_args", json.dumps({"parameters": kinds})]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done, output_file


def runtime_artifact(uri: str, title: str, **more: Any) -> dict[str, Any]:
    return {"name": "any", "uri": uri, "type": {"instanceSchema": f"title: {title}\ntype: object\n"}, **more}


def test_artifacts_of_an_object_store_are_the_launchers_folders(tmp_path: Path) -> None:
    logs = {"name": "any", "uri": "minio://bucket/run/executor-logs", "type": {"schemaTitle": "system.Artifact"}}
    artifact = {"schema": runtime_artifact("minio://bucket/run/schema", "tfx.Schema"), "executor-logs": logs}
    done, output_file = run_step(tmp_path, SCHEMA, {"schema_text": 'feature { name: "a" }'}, artifact)
    assert done.returncode == 0, done.stderr
    written = tmp_path / "minio" / "bucket" / "run" / "schema" / "schema.pbtxt"
    assert text_format.Parse(written.read_text(), schema_pb2.Schema()).feature[0].name == "a"
    # With a path in it, the launcher would record the path in place of the URI.
    (entry,) = json.loads(output_file.read_text())["artifacts"]["schema"]["artifacts"]
    assert "uri" not in entry
    assert "metadata" in entry
    assert "executor-logs" not in json.loads(output_file.read_text())["artifacts"]


def test_a_users_mistake_is_the_last_line_and_exit_code_2(tmp_path: Path) -> None:
    parameters = {
        "table": "events",
        "sources": '"events.csv"',
        "data": str(tmp_path),
        "digest": "",
        "user_id_key": "",
        "forgotten": "",
    }
    parameters |= {"options_json": "{}", "source_digest": ""}
    artifacts = {
        "examples": runtime_artifact("s3://bucket/run/examples", "tfx.Examples"),
        "quarantine": runtime_artifact("s3://bucket/run/quarantine", "components.Quarantine"),
    }
    done, _ = run_step(tmp_path, TABLE, parameters, artifacts)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: Table `events`: expected a file, a folder or a glob")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("gs://bucket/a/b", "/gcs/bucket/a/b"),
        ("s3://bucket/a", "/s3/bucket/a"),
        ("minio://bucket/a b", "/minio/bucket/a b"),
        ("/root/artifacts/a", "/root/artifacts/a"),
        ("hdfs://bucket/a", "hdfs://bucket/a"),
    ],
)
def test_the_launchers_folders(uri: str, expected: str) -> None:
    assert local_path(uri) == expected
