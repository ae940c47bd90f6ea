"""Runs RecommendationExamples' executor on plain rows, and reads back what it wrote."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.artifacts import Catalogue, Quarantine
from components.recommendation.examples.example_steps import SPLITS
from components.recommendation.examples.node import RecommendationExamplesExecutor
from components.recommendation.examples.options import RecommendationExamplesOptions
from tests.components.tables.plain_artifacts import read_examples, read_quarantine, table_artifact
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts

USER_ID_KEY = "a secret"


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
    beam_args: Sequence[str] = LOCAL_BEAM_ARGS,
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
    context = BaseBeamExecutor.Context(beam_pipeline_args=list(beam_args), tmp_dir=tmp_dir, unique_id="1")
    properties = {
        "options_json": options.model_dump_json(),
        "user_id_key": user_id_key,
        "earlier_catalogue": "",
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
