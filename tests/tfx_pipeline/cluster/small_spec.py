"""Specifications whose steps are a line of shell each, so that running them takes no time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ARTIFACT = {"artifactType": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}
# Reads what the step is told from its first argument; `told`, `uri` and `out` are then at hand.
PRELUDE = """
import json, os, pathlib, sys, time
told = json.loads(sys.argv[1])
values = told.get("inputs", {}).get("parameterValues", {})
inputs = {k: v["artifacts"][0] for k, v in told.get("inputs", {}).get("artifacts", {}).items()}
out = pathlib.Path(told["outputs"]["artifacts"][output]["artifacts"][0]["uri"])
out.mkdir(parents=True)
def finish(**metadata):
    file = pathlib.Path(told["outputs"]["outputFile"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"artifacts": {output: {"artifacts": [{"metadata": metadata}]}}}))
"""


class SmallStep(NamedTuple):
    """A step: its Python, the steps whose artifact it reads, parameters (`@name` is submitted), its output's name."""

    code: str
    reads: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = {}
    cached: bool = True
    output: str = "out"


def write_spec(file: Path, steps: Mapping[str, SmallStep], submitted: Mapping[str, Any] = {}) -> Path:
    """Writes a specification; `submitted` has each parameter's default, None for one that has to be given."""
    kinds = {str: "STRING", int: "NUMBER_INTEGER", float: "NUMBER_DOUBLE", type(None): "STRING"}
    spec = {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "small"},
        "defaultPipelineRoot": "gs://shop/pipeline",
        "root": {
            "inputDefinitions": {
                "parameters": {
                    name: {"parameterType": kinds[type(value)]} | ({} if value is None else {"defaultValue": value})
                    for name, value in submitted.items()
                }
            },
            "dag": {"tasks": {name: _task(name, step) for name, step in steps.items()}},
        },
        "components": {
            name: {
                "executorLabel": f"{name}_executor",
                "outputDefinitions": {"artifacts": {step.output: ARTIFACT}},
            }
            for name, step in steps.items()
        },
        "deploymentSpec": {
            "executors": {
                f"{name}_executor": {
                    "container": {
                        "image": "any:1",
                        "command": ["python", "-c", f"output = {step.output!r}\n{PRELUDE}{step.code}"],
                        "args": ["{{$}}"],
                    }
                }
                for name, step in steps.items()
            }
        },
    }
    file.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return file


def _task(name: str, step: SmallStep) -> dict[str, Any]:
    return {
        "taskInfo": {"name": name},
        "componentRef": {"name": name},
        "dependentTasks": [*step.after],
        "cachingOptions": {"enableCache": step.cached},
        "inputs": {
            "artifacts": {
                each: {"taskOutputArtifact": {"producerTask": each, "outputArtifactKey": "out"}} for each in step.reads
            },
            "parameters": {
                key: (
                    {"componentInputParameter": value[1:]}
                    if str(value).startswith("@")
                    else {"runtimeValue": {"constant": value}}
                )
                for key, value in step.parameters.items()
            },
        },
    }
