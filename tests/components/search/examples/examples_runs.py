"""Runs SearchExamples' executor on plain rows, and reads back what it wrote."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
from tfx.types import Artifact, standard_artifacts

from components.artifacts import Catalogue, Quarantine
from components.search.examples.node import SearchExamplesExecutor
from components.search.examples.options import SearchExamplesOptions
from components.search.examples.query_examples import QUERY_SPLITS, SPLITS
from tests.components.tables.plain_artifacts import read_examples, read_quarantine, table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts

Rows = list[dict[str, Any]]


class Query(NamedTuple):
    """An example: the relevance of each product, by product id."""

    query: str
    relevance: dict[str, float]
    slice: str
    headline: bool


class Run(NamedTuple):
    """What a run wrote; the artifacts are there to be handed on."""

    queries: dict[str, list[Query]]
    catalogue: Rows
    facts: dict[str, Any]
    quarantined: Rows
    quarantine_counts: dict[str, Any]
    artifacts: dict[str, Artifact]

    def asked(self, split: str) -> dict[str, dict[str, float]]:
        """The queries of a split without perturbed copies."""
        return {query.query: query.relevance for query in self.queries[split] if query.headline}

    def records(self) -> dict[str, list[bytes]]:
        """The serialized examples of each split, sorted."""
        folder = Path(self.artifacts["examples"].uri)
        files = {split: [str(file) for file in folder.glob(f"Split-{split}/*.gz")] for split in QUERY_SPLITS}
        return {
            split: sorted(tf.data.TFRecordDataset(files[split], "GZIP").as_numpy_iterator()) for split in QUERY_SPLITS
        }


def run_search_examples(
    folder: Path,
    products: Rows,
    judgements: Rows | None = None,
    events: Rows | None = None,
    options: SearchExamplesOptions | None = None,
    files: int = 2,
    impressions: Rows | None = None,
) -> Run:
    """Writes rows as table artifacts, runs the executor, reads its outputs."""
    tables = {"products": products, "judgements": judgements, "events": events, "impressions": impressions}
    inputs = {name: [table_artifact(folder / name, rows, files)] for name, rows in tables.items() if rows is not None}
    types = {"examples": standard_artifacts.Examples, "catalogue": Catalogue, "quarantine": Quarantine}
    artifacts = {}
    for name, artifact_type in types.items():
        artifacts[name] = artifact_type()
        artifacts[name].uri = str(folder / "out" / name)
    options = options or SearchExamplesOptions()
    SearchExamplesExecutor(beam_context(folder)).Do(
        inputs,
        {name: [artifact] for name, artifact in artifacts.items()},
        {"options_json": options.model_dump_json(), "source_digest": "any"},
    )
    assert json.loads(artifacts["examples"].split_names) == list(SPLITS)
    out = folder / "out"
    catalogue = load_catalogue(str(out / "catalogue")).to_pylist()
    ids = [row["product_id"] for row in catalogue]
    return Run(
        queries={
            split: [_query(row, ids) for row in read_examples(out / "examples" / f"Split-{split}")]
            for split in QUERY_SPLITS
        },
        catalogue=catalogue,
        facts=load_catalogue_facts(str(out / "catalogue")),
        quarantined=read_quarantine(out / "quarantine"),
        quarantine_counts=json.loads((out / "quarantine" / "counts.json").read_text()),
        artifacts=artifacts,
    )


def _query(row: dict[str, list[Any]], ids: list[str]) -> Query:
    products = [ids[index] for index in row["product_index"]]
    assert len(set(products)) == len(products)
    return Query(
        query=row["query"][0].decode(),
        relevance=dict(zip(products, row["relevance"], strict=True)),
        slice=row["slice"][0].decode(),
        headline=row["headline"] == [1],
    )
