"""Runs RecommendationExamples' executor on plain rows, and reads back what it wrote."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.artifacts import Catalogue, Quarantine
from components.recommendation.examples.example_steps import SPLITS
from components.recommendation.examples.node import RecommendationExamplesExecutor
from components.recommendation.examples.options import RecommendationExamplesOptions
from tfx_pipeline.shop.options import LOCAL_BEAM_ARGS
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts

USER_ID_KEY = "a secret"
_INTEGERS, _FLOATS = {"timestamp", "position", "in_stock"}, {"price", "quantity", "rating", "relevance"}


class Run(NamedTuple):
    """What a run wrote."""

    examples: dict[str, list[dict[str, list[Any]]]]
    catalogue: list[dict[str, Any]]
    statistics: list[dict[str, Any]]
    facts: dict[str, Any]
    quarantined: list[dict[str, Any]]
    quarantine_counts: dict[str, Any]


def run_recommendation_examples(
    folder: Path,
    options: RecommendationExamplesOptions,
    events: list[dict[str, Any]],
    products: list[dict[str, Any]] | None = None,
    users: list[dict[str, Any]] | None = None,
    files: int = 2,
    user_id_key: str = USER_ID_KEY,
) -> Run:
    """Writes rows as table artifacts, runs the executor, reads its outputs."""
    tables = {"events": events, "products": products, "users": users}
    inputs = {name: [table_artifact(folder / name, rows, files)] for name, rows in tables.items() if rows is not None}
    types = {"examples": standard_artifacts.Examples, "catalogue": Catalogue, "quarantine": Quarantine}
    outputs = {}
    for name, artifact_type in types.items():
        artifact = artifact_type()
        artifact.uri = str(folder / "out" / name)
        outputs[name] = [artifact]
    tmp_dir = str(folder / "tmp")
    context = BaseBeamExecutor.Context(beam_pipeline_args=list(LOCAL_BEAM_ARGS), tmp_dir=tmp_dir, unique_id="1")
    properties = {
        "options_json": options.model_dump_json(),
        "user_id_key": user_id_key,
        "source_digest": "any",
    }
    RecommendationExamplesExecutor(context).Do(inputs, outputs, properties)
    assert json.loads(outputs["examples"][0].split_names) == list(SPLITS)
    out = folder / "out"
    return Run(
        examples={split: read_examples(out / "examples" / f"Split-{split}") for split in SPLITS},
        catalogue=load_catalogue(str(out / "catalogue")).to_pylist(),
        statistics=pq.read_table(out / "catalogue" / "product_statistics.parquet").to_pylist(),
        facts=load_catalogue_facts(str(out / "catalogue")),
        quarantined=read_quarantine(out / "quarantine"),
        quarantine_counts=json.loads((out / "quarantine" / "counts.json").read_text()),
    )


def read_examples(folder: Path) -> list[dict[str, list[Any]]]:
    """Returns the tf.Examples of a split as plain lists, in order of file and place."""
    rows = []
    for record in tf.data.TFRecordDataset([str(file) for file in sorted(folder.glob("*.gz"))], "GZIP"):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        rows.append({name: _values(feature) for name, feature in sorted(features.items())})
    return rows


def read_quarantine(folder: Path) -> list[dict[str, Any]]:
    """Returns the quarantined rows with their reasons."""
    files = sorted(folder.glob("quarantine-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _values(feature: tf.train.Feature) -> list[Any]:
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


def table_artifact(folder: Path, rows: list[dict[str, Any]], files: int) -> standard_artifacts.Examples:
    """Writes plain rows as TableExampleGen would."""
    (folder / "Split-all").mkdir(parents=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for number in range(files):
        part = rows[number::files]
        table = {name: pa.array([_listed(row.get(name)) for row in part], _type(name)) for name in columns}
        pq.write_table(pa.table(table), folder / "Split-all" / f"data-{number:05d}.parquet")
    artifact = standard_artifacts.Examples()
    artifact.uri, artifact.split_names = str(folder), '["all"]'
    return artifact


def _listed(value: Any) -> list[Any] | None:
    return None if value is None else [value.encode() if isinstance(value, str) else value]


def _type(name: str) -> pa.DataType:
    if name in _INTEGERS:
        return pa.list_(pa.int64())
    return pa.list_(pa.float32() if name in _FLOATS else pa.binary())
