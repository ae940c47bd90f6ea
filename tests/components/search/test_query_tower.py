"""A model whose queries are read by a smaller BERT: as it is served, judged and updated."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.search.examples.product_parts import product_parts
from components.search.index import FULL_QUERY_TOWER_FOLDER
from components.search.judging.gate import query_tower_refusals
from components.search.judging.gate_options import SearchGateOptions
from serving.search.ranking import Fusion
from tests.components.recommendation.trained_shop import artifact
from tests.components.search.judging.plain_ranking import PlainSearch
from tests.components.search.judging.test_evaluator import evaluate
from tests.components.search.trained_search import INDEX, TrainedSearch, build_search_index
from trainer.artifacts.catalogue import load_catalogue
from trainer.search.encoder import SearchEncoder, load_encoder, save_query_tower
from trainer.search.index.update import update_search
from trainer.search.query_tower import fewer_layers

QUERIES = ["red milk", "cheese", "12 oz TEA, green", "big 牛奶", "small cereals"]


@pytest.fixture(scope="module")
def tower(trained: TrainedSearch) -> SearchEncoder:
    encoder = load_encoder(trained.encoder.uri)
    return SearchEncoder(fewer_layers(encoder.text_encoder, 1), encoder.head)


@pytest.fixture(scope="module")
def towered(trained: TrainedSearch, tower: SearchEncoder, tmp_path_factory: pytest.TempPathFactory) -> TrainedSearch:
    """The trained shop, with a tower that has not learned, so that its vectors differ."""
    folder = tmp_path_factory.mktemp("towered")
    encoder = artifact(standard_artifacts.Model, folder / "encoder")
    shutil.copytree(trained.encoder.uri, encoder.uri)
    save_query_tower(tower, encoder.uri)
    index = build_search_index(folder, trained.examples, encoder, trained.text_vectors, INDEX)
    return trained._replace(encoder=encoder, index=index)


def fusion_of(towered: TrainedSearch) -> Fusion:
    return Fusion(**json.loads((Path(towered.index.uri) / "index.json").read_text())["fusion"])


def scores(model: Any, products: int) -> list[dict[str, float]]:
    found = model.signatures["evaluate"](query=tf.constant(QUERIES), k=tf.fill([len(QUERIES)], products))
    return [
        {product_id.decode(): float(score) for product_id, score in zip(*row, strict=True)}
        for row in zip(found["product_ids"].numpy(), found["scores"].numpy(), strict=True)
    ]


@pytest.mark.long
def test_queries_are_read_by_it_and_products_by_the_full_one(
    trained: TrainedSearch, towered: TrainedSearch, tower: SearchEncoder
) -> None:
    full, plain, fusion = load_encoder(trained.encoder.uri), PlainSearch(trained, QUERIES), fusion_of(towered)
    items = full.embed([row["text"] for row in trained.examples.catalogue], 32)
    for folder, encoder in {"Format-Serving": tower, FULL_QUERY_TOWER_FOLDER: full}.items():
        found = scores(tf.saved_model.load(f"{towered.index.uri}/{folder}"), len(plain.ids))
        for query, vector, answer in zip(QUERIES, encoder.embed(QUERIES, 32), found, strict=True):
            expected = fusion.dense * (items @ vector) + fusion.lexical * plain.shares(query)
            np.testing.assert_allclose([answer[product_id] for product_id in plain.ids], expected, atol=1e-4)
    assert not (Path(trained.index.uri) / FULL_QUERY_TOWER_FOLDER).exists()


@pytest.mark.long
def test_the_evaluation_shows_both_and_the_gate_compares_them(towered: TrainedSearch, tmp_path: Path) -> None:
    options = SearchGateOptions(k=(10, 3), min_slice_queries=3)
    report, _ = evaluate(towered, tmp_path, options)
    full = report["baselines"]["full_query_tower"]
    assert set(full) == set(report["metrics"]["test"])
    for reason in query_tower_refusals(report["metrics"]["test"], full, options):
        assert reason in report["refused_because"]
        assert not report["blessed"]
    difference = report["differences"]["full_query_tower"]["ndcg_at_10"]["mean"]
    assert difference == pytest.approx(report["metrics"]["test"]["ndcg_at_10"] - full["ndcg_at_10"])


@pytest.mark.parametrize(
    ("value", "full", "refused"),
    [(0.98, 1.0, False), (0.9799, 1.0, True), (0.5, 0.4, False), (None, 0.4, False), (0.0, 0.0, False)],
)
def test_two_hundredths_may_be_lost(value: float | None, full: float, refused: bool) -> None:
    reasons = query_tower_refusals({"ndcg_at_10": value}, {"ndcg_at_10": full}, SearchGateOptions())
    assert bool(reasons) == refused
    assert all("ndcg_at_10 is 0.9799" in reason and "at least 0.9800" in reason for reason in reasons)


@pytest.mark.long
def test_another_catalogue_keeps_both(trained: TrainedSearch, towered: TrainedSearch, tower: SearchEncoder) -> None:
    catalogue = load_catalogue(towered.examples.artifacts["catalogue"].uri)
    renamed = catalogue.slice(0, 9)
    texts = ["red tea from the hills", *renamed["text"].to_pylist()[1:]]
    place = renamed.column_names.index("text")
    renamed = renamed.set_column(place, "text", [texts])
    updated = update_search(
        f"{towered.index.uri}/Format-Serving",
        renamed,
        product_parts(renamed),
        QUERIES,
        INDEX.serving,
        fusion_of(towered),
        seed=0,
    )
    assert (updated.changed, updated.embedded_texts) == (1, 1)
    vectors = updated.module.text_vectors(updated.module.text_of_product).numpy()
    np.testing.assert_allclose(vectors, load_encoder(trained.encoder.uri).embed(texts, 32), atol=1e-5)
    embedded = updated.module.embed(tf.constant(QUERIES))["embeddings"]
    np.testing.assert_allclose(embedded, tower.embed(QUERIES, 32), atol=1e-5)
