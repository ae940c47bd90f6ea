"""A model whose queries are read by a taught tower: as it is chosen, served, judged and updated."""

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
from components.search.index_options import SearchIndexOptions
from components.search.judging.gate import query_tower_refusals
from components.search.judging.gate_options import SearchGateOptions
from serving.search.ranking import Fusion
from serving.signature_names import EVALUATE
from tests.components.recommendation.trained_shop import artifact
from tests.components.search.judging.plain_ranking import PlainSearch
from tests.components.search.judging.test_evaluator import evaluate
from tests.components.search.trained_search import INDEX, TrainedSearch, build_search_index
from trainer.artifacts.catalogue import load_catalogue
from trainer.search.encoder import SearchEncoder, load_encoder, special_tokens
from trainer.search.index.category_vectors import CATEGORY_WEIGHT
from trainer.search.index.update import update_search
from trainer.search.query_tower.shorter_bert import fewer_layers
from trainer.search.query_tower.static_tower import StaticQueryTower, StaticTower
from trainer.search.query_tower.tower import save_query_tower

QUERIES = ["red milk", "cheese", "12 oz TEA, green", "big 牛奶", "small cereals", "red wombat", "wombat"]


TOWERS = ["static", "shorter"]
# Whatever it loses it is served.
ANY_LOSS = INDEX.model_copy(update={"max_query_tower_loss": 0.99})


@pytest.fixture(scope="module", params=TOWERS)
def tower(trained: TrainedSearch, request: pytest.FixtureRequest) -> SearchEncoder | StaticQueryTower:
    """One that has not learned, so that its vectors differ."""
    encoder = load_encoder(trained.encoder.uri)
    text_encoder = encoder.text_encoder
    if request.param == "shorter":
        return SearchEncoder(fewer_layers(text_encoder, 1), encoder.head)
    embeddings = text_encoder.backbone.token_embedding.embeddings.numpy()
    static = StaticTower(dimensions=text_encoder.dimensions, vocabulary_size=len(embeddings), hidden=3)
    embeddings[special_tokens(text_encoder)] = 0.0
    static.token_vectors.embeddings.assign(embeddings)
    return StaticQueryTower(text_encoder, static)


@pytest.fixture(scope="module")
def towered(
    trained: TrainedSearch, tower: SearchEncoder | StaticQueryTower, tmp_path_factory: pytest.TempPathFactory
) -> TrainedSearch:
    """The trained shop with that tower."""
    return with_tower(trained, tower, ANY_LOSS, tmp_path_factory.mktemp("towered"))


def with_tower(
    trained: TrainedSearch, tower: SearchEncoder | StaticQueryTower, options: SearchIndexOptions, folder: Path
) -> TrainedSearch:
    """Builds the index anew beside an encoder with a tower."""
    encoder = artifact(standard_artifacts.Model, folder / "encoder")
    shutil.copytree(trained.encoder.uri, encoder.uri)
    save_query_tower(tower, encoder.uri)
    index = build_search_index(folder, trained.examples, encoder, trained.text_vectors, options)
    return trained._replace(encoder=encoder, index=index)


def fusion_of(towered: TrainedSearch) -> Fusion:
    return Fusion(**json.loads((Path(towered.index.uri) / "index.json").read_text())["fusion"])


def scores(model: Any, products: int) -> list[dict[str, float]]:
    rows = len(QUERIES)
    found = model.signatures[EVALUATE](query=tf.constant(QUERIES), k=tf.fill([rows], products))
    return [
        {product_id.decode(): float(score) for product_id, score in zip(*row, strict=True)}
        for row in zip(found["product_ids"].numpy(), found["scores"].numpy(), strict=True)
    ]


@pytest.mark.long
def test_queries_are_read_by_it_and_products_by_the_full_one(
    trained: TrainedSearch, towered: TrainedSearch, tower: SearchEncoder | StaticQueryTower
) -> None:
    full, plain, fusion = load_encoder(trained.encoder.uri), PlainSearch(trained, QUERIES), fusion_of(towered)
    for folder, encoder in {"Format-Serving": tower, FULL_QUERY_TOWER_FOLDER: full}.items():
        found = scores(tf.saved_model.load(f"{towered.index.uri}/{folder}"), len(plain.ids))
        for query, answer in zip(QUERIES, found, strict=True):
            # What the tower has never seen the encoder reads.
            (vector,) = (full if plain.is_strange(query) else encoder).embed([query], 1)
            base = fusion.dense * (plain.vectors @ vector) + fusion.lexical * plain.shares(query)
            expected = plain.with_feedback(base, fusion.feedback)
            np.testing.assert_allclose([answer[product_id] for product_id in plain.ids], expected, atol=1e-4)
    assert not (Path(trained.index.uri) / FULL_QUERY_TOWER_FOLDER).exists()


def misled(trained: TrainedSearch) -> StaticQueryTower:
    """A tower that reads every query as the first of its products' texts, but for its sign."""
    encoder = load_encoder(trained.encoder.uri)
    vocabulary = encoder.text_encoder.backbone.vocabulary_size
    static = StaticTower(dimensions=encoder.text_encoder.dimensions, vocabulary_size=vocabulary, hidden=1)
    vector = -encoder.embed([trained.examples.catalogue[0]["text"]], 1)
    static.token_vectors.embeddings.assign(np.repeat(vector, vocabulary, axis=0))
    return StaticQueryTower(encoder.text_encoder, static)


@pytest.mark.long
def test_a_tower_that_loses_too_much_is_not_served(
    trained: TrainedSearch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = INDEX.model_copy(update={"serving": INDEX.serving.model_copy(update={"lexical": None})})
    refused = with_tower(trained, misled(trained), options, tmp_path / "refused")
    said = json.loads((Path(refused.index.uri) / "index.json").read_text())["query_tower"]
    assert not said["is_served"]
    assert said["ndcg_at_10"] < 0.98 * said["full_ndcg_at_10"]
    assert f"reaches ndcg_at_10 {said['ndcg_at_10']:.4f}" in said["note"]
    assert said["note"] in caplog.text
    assert not (Path(refused.index.uri) / FULL_QUERY_TOWER_FOLDER).exists()
    model = tf.saved_model.load(f"{refused.index.uri}/Format-Serving")
    vectors = model.signatures["embed"](query=tf.constant(QUERIES))["embeddings"]
    np.testing.assert_allclose(vectors, load_encoder(trained.encoder.uri).embed(QUERIES, 32), atol=1e-4)
    report, _ = evaluate(refused, tmp_path / "report", SearchGateOptions(k=(10, 3), min_slice_queries=3))
    assert said["note"] in report["notes"]
    assert "full_query_tower" not in report["baselines"]
    # The same with a gate that lets it lose nearly everything.
    served = with_tower(
        trained, misled(trained), options.model_copy(update={"max_query_tower_loss": 0.999}), tmp_path / "served"
    )
    again = json.loads((Path(served.index.uri) / "index.json").read_text())["query_tower"]
    assert again["is_served"]
    assert again["note"] is None
    assert again["ndcg_at_10"] == pytest.approx(said["ndcg_at_10"])
    assert (Path(served.index.uri) / FULL_QUERY_TOWER_FOLDER).exists()


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
def test_another_catalogue_keeps_both(
    trained: TrainedSearch, towered: TrainedSearch, tower: SearchEncoder | StaticQueryTower
) -> None:
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
    full = load_encoder(trained.encoder.uri)
    shelves = [full.embed(category.split(" > "), 32).mean(axis=0) for category in renamed["category"].to_pylist()]
    expected = full.embed(texts, 32) + CATEGORY_WEIGHT * np.stack(shelves)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    embedded = updated.module.embed(tf.constant([*texts, "wombat"]))["embeddings"]
    np.testing.assert_allclose(embedded[:-1], tower.embed(texts, 32), atol=1e-5)
    # Nothing has that word.
    np.testing.assert_allclose(embedded[-1:], full.embed(["wombat"], 32), atol=1e-5)
