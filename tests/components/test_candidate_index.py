"""CandidateIndex on a real Beam runner, and the model that it exports."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.artifacts import Catalogue
from components.candidate_index import CandidateIndex
from components.item_vectors import read_item_vectors
from components.vector_tables import item_vectors_table
from tests.components.trained_shop import (
    OPTIONS,
    PRODUCTS,
    build_index,
    write_shop_catalogue,
    write_text_vectors,
    write_trained,
)
from trainer.input_data import load_items
from trainer.item_vectors import item_vectors
from trainer.towers import load_towers


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run with text vectors from before the training."""
    folder = tmp_path_factory.mktemp("frozen")
    catalogue = write_shop_catalogue(folder / "catalogue")
    vectors = write_text_vectors(folder / "vectors", catalogue)
    trained = write_trained(folder / "trained", catalogue, vectors)
    inputs = {"towers": [trained], "catalogue": [catalogue], "text_vectors": [vectors]}
    index = build_index(folder, inputs)
    return {"catalogue": catalogue.uri, "vectors": vectors.uri, "trained": trained.uri, "index": index.uri}


def test_vectors_are_those_of_the_item_tower(frozen: dict[str, Any]) -> None:
    features = load_items(frozen["catalogue"], None, frozen["vectors"])
    expected = item_vectors(load_towers(frozen["trained"]).item_tower, features)
    np.testing.assert_allclose(read_item_vectors(frozen["index"], PRODUCTS), expected, atol=1e-6)


def test_the_model_recommends_by_those_vectors(frozen: dict[str, Any]) -> None:
    vectors = read_item_vectors(frozen["index"], PRODUCTS)
    ids = pq.read_table(Path(frozen["catalogue"]) / "catalogue.parquet").column("product_id").to_pylist()
    model = tf.saved_model.load(f"{frozen['index']}/Format-Serving")
    outputs = model.signatures["similar_products"](product_id=tf.constant([ids[7]]), k=tf.constant([5]))
    scores = vectors @ vectors[7]
    order = [place for place in np.argsort(-scores, kind="stable") if place != 7][:5]
    assert [product_id.decode() for product_id in outputs["product_ids"].numpy()[0]] == [ids[place] for place in order]
    history = model.signatures["serving_default"].structured_input_signature[1]["history_ids"]
    assert history.shape.as_list() == [None, OPTIONS.serving.history_length]


def test_the_model_card_says_what_the_component_knows_and_what_it_is_told(frozen: dict[str, Any]) -> None:
    card = json.loads((Path(frozen["index"]) / "Format-Serving/assets.extra/model_card.json").read_text())
    assert card["metrics"] == {"ndcg_at_10": 0.5}
    assert card["training"] == {"epochs": 1}
    assert card["data"]["event_types"] == ["view", "purchase"]
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["limits"] == {
        "history_length": 12,
        "tower_history": 5,
        "default_k": 4,
        "exclude_ids": 100,
        "products": PRODUCTS,
    }


def test_texts_are_encoded_anew_by_a_trained_encoder(tmp_path: Path, tiny_bert: Path) -> None:
    catalogue = write_shop_catalogue(tmp_path / "catalogue")
    stale = write_text_vectors(tmp_path / "vectors", catalogue)
    trained = write_trained(tmp_path / "trained", catalogue, backbone=tiny_bert)
    index = build_index(tmp_path, {"towers": [trained], "catalogue": [catalogue], "text_vectors": [stale]})
    towers = load_towers(trained.uri)
    expected = item_vectors(towers.item_tower, load_items(catalogue.uri, text_encoder=towers.text_encoder))
    np.testing.assert_allclose(read_item_vectors(index.uri, PRODUCTS), expected, atol=1e-5)


def test_a_shop_without_texts_has_an_index_too(tmp_path: Path) -> None:
    catalogue = write_shop_catalogue(tmp_path / "catalogue")
    trained = write_trained(tmp_path / "trained", catalogue)
    index = build_index(tmp_path, {"towers": [trained], "catalogue": [catalogue]})
    assert read_item_vectors(index.uri, PRODUCTS).shape == (PRODUCTS, 8)


def test_a_product_without_a_vector_is_noticed(tmp_path: Path) -> None:
    table = item_vectors_table(np.zeros(2, np.int64), np.zeros((2, 3), np.float32))
    pq.write_table(table, tmp_path / "item_vectors-0.parquet")
    with pytest.raises(ValueError, match="one vector for each of 2 products"):
        read_item_vectors(str(tmp_path), 2)


def test_the_component_declares_its_channels() -> None:
    component = CandidateIndex(
        model=Channel(type=standard_artifacts.Model),
        catalogue=Channel(type=Catalogue),
        options=OPTIONS,
        source_digest="digest",
    )
    assert component.outputs["model"].type is standard_artifacts.Model
    assert component.exec_properties == {"options_json": OPTIONS.model_dump_json(), "source_digest": "digest"}
