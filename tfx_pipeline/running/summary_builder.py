"""Puts a run's summary together from its artifacts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx.dsl.io import fileio

from components.gate.evaluation import read_evaluation
from components.pushing.atomic_pusher import WAITING_PROPERTY
from tfx_pipeline.config.config import Config
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.summary.model import VERSION, RunSummary, TaskSummary
from tfx_pipeline.summary.tables import (
    quarantine_counts,
    quarantined,
    set_aside,
    table_counts,
    table_drift,
    table_notes,
)
from tfx_pipeline.tasks.task import Task
from trainer.artifacts.catalogue import load_catalogue_facts
from trainer.artifacts.labels import load_label_facts
from trainer.artifacts.names import VALIDATION_FILE
from trainer.exporting import SERVING_FOLDER

# Keys of an evaluation that do not go into the summary as they are.
_NOT_KEPT = ("last_blessed",)


def build_summary(
    config: Config,
    results: Mapping[str, NodeResult],
    root: Path,
    total_seconds: float,
    origins: Mapping[str, Mapping[str, str]],
    peak_bytes: int,
) -> RunSummary:
    """Puts a summary together from the artifacts of a run.

    Args:
        config: The run's configuration.
        results: The result of each node.
        root: The run's folder.
        total_seconds: Wall time of the whole run.
        origins: What to remember of each task for the next run's comparison: `fingerprint` and `compared_with`.
        peak_bytes: Largest memory of all processes of the run together.
    """
    counts = quarantine_counts(results)
    return RunSummary(
        version=VERSION,
        config=config.model_dump(mode="json"),
        tasks={
            task.name: _task_summary(task, results, root, origins[task.name]) for task, _ in config.tasks.with_options()
        },
        tables=table_counts(counts),
        quarantine=quarantined(counts),
        set_aside=set_aside(counts),
        **({"drift": drift} if (drift := table_drift(results)) else {}),
        notes=table_notes(results),
        seconds={node_id: round(result.seconds, 2) for node_id, result in results.items()},
        total_seconds=round(total_seconds, 2),
        node_peak_bytes={
            node_id: result.peak_bytes for node_id, result in results.items() if result.peak_bytes is not None
        },
        node_cpu_seconds={
            node_id: round(result.cpu_seconds, 2)
            for node_id, result in results.items()
            if result.cpu_seconds is not None
        },
        peak_rss_bytes=peak_bytes,
    )


def _task_summary(
    task: Task[Any], results: Mapping[str, NodeResult], root: Path, origin: Mapping[str, str]
) -> TaskSummary:
    evaluation = read_evaluation(results[task.node_id("Evaluator")].outputs["evaluation"].uri)
    validation = results[task.node_id("ServingValidator")].outputs["blessing"]
    counted = _counted(results[task.node_id("Examples")])
    pushed = results[task.node_id("Pusher")].outputs["pushed_model"].properties
    served = bool(validation.properties.get("blessed"))
    blessed = bool(evaluation["blessed"]) and served
    refused_because = list(evaluation["refused_because"])
    if not served:
        refused_because += _read_json(validation.uri, VALIDATION_FILE)["refused_because"]
    exporter = results[task.node_id(task.exporter_role)]
    # What the run itself says stands above what an evaluation or a task says under the same key.
    return TaskSummary.model_validate(
        {
            **{name: value for name, value in evaluation.items() if name not in _NOT_KEPT},
            **task.summary_details(results, root, blessed=blessed),
            "blessed": blessed,
            "refused_because": refused_because,
            "notes": [*counted.get("notes", ()), *evaluation["notes"]],
            "pushed": pushed["pushed_destination"] if pushed.get("pushed") else None,
            **({"waiting": pushed[WAITING_PROPERTY]} if pushed.get(WAITING_PROPERTY) else {}),
            "examples": counted["examples"],
            "counts": counted["counts"],
            "model_bytes": _folder_bytes(f"{exporter.outputs['model'].uri}/{SERVING_FOLDER}"),
            **origin,
        }
    )


def _counted(examples: NodeResult) -> Any:
    """Returns what the node of a task's examples has counted."""
    if "labels" in examples.outputs:
        return load_label_facts(examples.outputs["labels"].uri)
    return load_catalogue_facts(examples.outputs["catalogue"].uri)


def _read_json(folder: str, name: str) -> Any:
    with fileio.open(f"{folder}/{name}", "r") as file:
        return json.load(file)


def _folder_bytes(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
