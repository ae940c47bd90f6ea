"""summary.json: what a run did, for people and for programs."""

import json
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx.dsl.io import fileio

from tfx_pipeline.config.config import Config
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.tasks.classification import nodes as classification
from tfx_pipeline.tasks.node_ids import ClassificationNodes, RecommendationNodes, SearchNodes, SegmentationNodes
from tfx_pipeline.tasks.recommendation import nodes as recommendation
from tfx_pipeline.tasks.recommendation.mined_rules import strongest_rules
from tfx_pipeline.tasks.search import nodes as search
from tfx_pipeline.tasks.segmentation import nodes as segmentation
from trainer.exporting import SERVING_FOLDER

_NODES: Mapping[str, RecommendationNodes | SearchNodes | ClassificationNodes | SegmentationNodes] = {
    recommendation.MODEL_NAME: recommendation.NODES,
    search.MODEL_NAME: search.NODES,
    classification.MODEL_NAME: classification.NODES,
    segmentation.MODEL_NAME: segmentation.NODES,
}
# What an evaluation says beside metrics, baselines and the gate's decision; no task has all of it.
_DETAILS = (
    "differences",
    "ablation",
    "slices",
    "cold_start",
    "users",
    "queries",
    "texts",
    "by_label",
    "confusion",
    "calibration",
    "slice_gaps",
    "index",
)


def build_summary(
    config: Config,
    results: Mapping[str, NodeResult],
    total_seconds: float,
    origins: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Puts a summary together from the artifacts of a run.

    Args:
        config: The run's configuration.
        results: The result of each node.
        total_seconds: Wall time of the whole run.
        origins: What to remember of each task for the next run's comparison: `fingerprint` and `compared_with`.

    Returns:
        The content of summary.json.
    """
    return {
        "version": 1,
        "config": config.model_dump(mode="json"),
        "tasks": {task: {**_task(task, results), **origins[task]} for task in config.tasks.requested()},
        "tables": _tables(results),
        "quarantine": _quarantine(results),
        "seconds": {node_id: round(result.seconds, 2) for node_id, result in results.items()},
        "total_seconds": round(total_seconds, 2),
        "peak_rss_bytes": _peak_rss_bytes(),
    }


def _task(task: str, results: Mapping[str, NodeResult]) -> dict[str, Any]:
    nodes = _NODES[task]
    evaluation = _read_json(results[nodes.evaluator].outputs["evaluation"].uri, "evaluation.json")
    validation = results[nodes.serving_validator].outputs["blessing"]
    counted = _counted(results[nodes.examples])
    pushed = results[nodes.pusher].outputs["pushed_model"].properties
    served = bool(validation.properties.get("blessed"))
    refused_because = list(evaluation["refused_because"])
    if not served:
        refused_because += _read_json(validation.uri, "validation.json")["refused_because"]
    return {
        "metrics": evaluation["metrics"],
        "baselines": evaluation["baselines"],
        **{name: evaluation[name] for name in _DETAILS if name in evaluation},
        "blessed": bool(evaluation["blessed"]) and served,
        "refused_because": refused_because,
        "notes": list(evaluation["notes"]),
        "pushed": pushed["pushed_destination"] if pushed.get("pushed") else None,
        "examples": counted["examples"],
        "counts": counted["counts"],
        **{name: counted[name] for name in ("segment_definitions",) if name in counted},
        **_rules(nodes, results),
        "model_bytes": _folder_bytes(f"{results[nodes.exporter].outputs['model'].uri}/{SERVING_FOLDER}"),
    }


def _tables(results: Mapping[str, NodeResult]) -> dict[str, dict[str, int]]:
    """Returns the rows of each table that were read, and that were good when they were read."""
    tables: dict[str, dict[str, int]] = {}
    for counts in _quarantine_counts(results):
        # Nodes after the first one read what it left.
        if counts["rows"] > tables.get(counts["table"], {"rows": -1})["rows"]:
            tables[counts["table"]] = {"rows": counts["rows"], "good": counts["good"]}
    return tables


def _rules(nodes: Any, results: Mapping[str, NodeResult]) -> dict[str, Any]:
    """Returns what was mined and where it lies, of a task that mines rules in this run."""
    result = results.get(getattr(nodes, "rules", ""))
    if result is None:
        return {}
    uri = result.outputs["rules"].uri
    description = _read_json(uri, "rules.json")
    mined = {name: description[name] for name in ("events", "levels")}
    return {"rules": {"uri": uri, **mined, "strongest": strongest_rules(Path(uri))}}


def _counted(examples: NodeResult) -> Any:
    """Returns what the node of a task's examples has counted."""
    if "labels" in examples.outputs:
        return _read_json(examples.outputs["labels"].uri, "labels.json")
    return _read_json(examples.outputs["catalogue"].uri, "catalogue.json")


def _quarantine(results: Mapping[str, NodeResult]) -> dict[str, dict[str, int]]:
    """Adds up the reasons of every quarantine artifact, by table."""
    tables: dict[str, dict[str, int]] = {}
    for counts in _quarantine_counts(results):
        reasons = tables.setdefault(counts["table"], {})
        for reason, count in counts["bad"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    return tables


def _quarantine_counts(results: Mapping[str, NodeResult]) -> list[dict[str, Any]]:
    quarantines = (result.outputs["quarantine"] for result in results.values() if "quarantine" in result.outputs)
    return [_read_json(quarantine.uri, "counts.json") for quarantine in quarantines]


def _read_json(folder: str, name: str) -> Any:
    with fileio.open(f"{folder}/{name}", "r") as file:
        return json.load(file)


def _folder_bytes(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


def _peak_rss_bytes() -> int:
    """Returns the largest resident size of this process and of any child, added up (a bound for all together)."""
    own, children = (
        resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own + children
