"""RecommendationIndex on a real Beam runner, and the model that it exports."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.artifacts import AssociationRules, Catalogue
from components.products.catalogue import write_catalogue
from components.recommendation.counting.new_products import ranker_with_products, towers_with_products
from components.recommendation.item_vectors import item_vectors_table, read_item_vectors
from components.recommendation.judging.ablation import comparison_path, read_ablations
from serving.graph.filters import MAX_EXCLUDED_IDS, not_listed
from serving.graph.history import History
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker
from tests.components.recommendation.trained_shop import (
    OPTIONS,
    PRODUCTS,
    artifact,
    build_index,
    write_ranker,
    write_rules,
    write_shop_catalogue,
    write_text_vectors,
    write_trained,
)
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.parquet_files import read_parquet, write_parquet
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.options import LeaveOutOptions
from trainer.recommendation.ranker.served_rules import served_rules
from trainer.recommendation.ranker.trained_ranker import load_ranker
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import load_towers
from trainer.text.text_vectors import load_text_vectors


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


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A run with a ranker and rules, of a shop without texts."""
    folder = tmp_path_factory.mktemp("ranked")
    catalogue = write_shop_catalogue(folder / "catalogue")
    trained, ranker = write_trained(folder / "trained", catalogue), write_ranker(folder / "ranker")
    rules = write_rules(folder / "rules", catalogue)
    index = build_index(folder, {"towers": [trained], "catalogue": [catalogue], "ranker": [ranker], "rules": [rules]})
    return {
        "catalogue": catalogue.uri,
        "trained": trained.uri,
        "ranker": ranker.uri,
        "rules": rules.uri,
        "index": index.uri,
    }


@pytest.fixture(scope="module")
def ranked_model(ranked: dict[str, str]) -> Any:
    """What that run serves, loaded."""
    return tf.saved_model.load(f"{ranked['index']}/Format-Serving")


def test_vectors_are_those_of_the_item_tower(frozen: dict[str, Any]) -> None:
    features = load_items(frozen["catalogue"], None, frozen["vectors"])
    expected = item_vectors(load_towers(frozen["trained"]), features)
    np.testing.assert_allclose(read_item_vectors(frozen["index"], PRODUCTS), expected, atol=1e-6)


def test_the_model_recommends_by_those_vectors(frozen: dict[str, Any]) -> None:
    vectors = read_item_vectors(frozen["index"], PRODUCTS)
    catalogue = pq.read_table(Path(frozen["catalogue"]) / "catalogue.parquet")
    ids = catalogue.column("product_id").to_pylist()
    model = tf.saved_model.load(f"{frozen['index']}/Format-Serving")
    outputs = model.signatures["similar_products"](product_id=tf.constant([ids[7]]), k=tf.constant([5]))
    texts = load_text_vectors(frozen["vectors"], catalogue.column("text").to_pylist())
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    sold = np.arange(PRODUCTS) / (np.arange(PRODUCTS) + 200.0)
    # The asked product is in Food > Fresh, as every other one is; the rest is in Food.
    shared = np.where(np.arange(PRODUCTS) % 2, 1.0, 0.5)
    towers = vectors[:, :8] / np.linalg.norm(vectors[:, :8], axis=1, keepdims=True)
    behaviour = np.sqrt(sold * sold[7]) * (towers @ towers[7])  # Cosines, of the item tower alone.
    scores = texts @ texts[7] + 0.6 * shared + 0.5 * behaviour
    # Products 0 and 1 are of one title.
    order = [place for place in np.argsort(-scores, kind="stable") if place not in (7, 0)][:5]
    assert [product_id.decode() for product_id in outputs["product_ids"].numpy()[0]] == [ids[place] for place in order]
    history = model.signatures["serving_default"].structured_input_signature[1]["history_ids"]
    assert history.shape.as_list() == [None, OPTIONS.serving.history_length]


def test_the_model_card_says_what_the_component_knows_and_what_it_is_told(frozen: dict[str, Any]) -> None:
    card = json.loads((Path(frozen["index"]) / "Format-Serving/assets.extra/model_card.json").read_text())
    assert card["metrics"] == {"ndcg_at_10": 0.5}
    assert card["training"] == {"towers": {"epochs": 1}}
    assert card["data"]["event_types"] == ["view", "purchase"]
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["limits"] == {
        "history_length": 12,
        "tower_history": 5,
        "default_k": 4,
        "exclude_ids": 100,
        "products": PRODUCTS,
        "max_k": 1_000,
    }


def test_a_process_that_has_trained_nothing_loads_a_ranker(tmp_path: Path) -> None:
    """As a step of a cluster does; Keras knows no class that nobody has imported."""
    catalogue, ranker = write_shop_catalogue(tmp_path / "catalogue"), write_ranker(tmp_path / "ranker")
    program = f"""
from trainer.recommendation.ranker.trained_ranker import load_ranker
print(len(load_ranker({ranker.uri!r}, {catalogue.uri!r}, None).model.scorer.features))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert int(done.stdout) > 0


def test_the_ranker_is_served_and_its_parts_stand_beside_it(ranked: dict[str, str], ranked_model: Any) -> None:
    vectors = read_item_vectors(ranked["index"], PRODUCTS)
    assert vectors.shape == (PRODUCTS, 8 + 3)
    catalogue = load_catalogue(ranked["catalogue"])
    loaded = load_ranker(ranked["ranker"], ranked["catalogue"], served_rules(ranked["rules"], catalogue))
    ids = [product_id.encode() for product_id in catalogue["product_id"].to_pylist()]
    events, width = [4, 9, 4], OPTIONS.serving.history_length
    padding = width - len(events)
    request = {
        "history_ids": tf.constant([[ids[event] for event in events] + [b""] * padding]),
        "history_types": tf.constant([["view", "purchase", "view"] + [""] * padding]),
        "history_age_seconds": tf.constant([[9.0, 5.0, 1.0] + [0.0] * padding]) * 86_400.0,
    }
    no_filters = {
        "k": tf.constant([4]),
        "category": tf.constant([""]),
        "max_price": tf.constant([0.0]),
        "in_stock_only": tf.constant([False]),
        "exclude_ids": tf.fill([1, MAX_EXCLUDED_IDS], ""),
        "include_bought": tf.constant([True]),
    }
    model = ranked_model
    parts = tf.saved_model.load(comparison_path(ranked["index"]))
    widths = {"k": tf.constant([4]), "novel_k": tf.constant([5])}
    answers = {**model.signatures["compare"](**request, **widths), **parts.signatures["compare"](**request, **widths)}
    answers = {name: ids.numpy()[0].tolist() for name, ids in answers.items()}
    user = model.signatures["embed"](**request)["embeddings"]
    history = History(
        tf.constant([events + [-1] * padding]),
        tf.constant([[0, 1, 0] + [0] * padding]),
        request["history_age_seconds"],
    )
    assert list(loaded.ablations) == ["ranker_without_towers", "ranker_with_rules", "ranker_without_damping"]
    for name, ranking in {"model": loaded.model, **loaded.ablations}.items():
        ranker = Ranker(ItemIndex(vectors[:, :8], vectors[:, 8:]), ranking, event_types=2)
        scores, expected = ranker.rank(history, user, tf.constant(4))
        assert answers[f"{name}.product_ids"] == [ids[product] for product in expected.numpy()[0]]
        _, novel = ranker.rank(history, user, tf.constant(5), not_listed(tf.constant([[9]]), PRODUCTS))
        assert answers[f"{name}.novel_product_ids"] == [ids[product] for product in novel.numpy()[0]]
        if name == "model":
            served = model.signatures["evaluate"](**request, **no_filters)
            np.testing.assert_allclose(served["scores"], scores, atol=1e-5)
            assert served["product_ids"].numpy()[0].tolist() == answers["model.product_ids"]
    nearest = np.argsort(-(vectors @ user[0].numpy()), kind="stable")
    assert answers["towers.product_ids"] == [ids[product] for product in nearest[:4]]
    assert answers["towers.novel_product_ids"] == [ids[product] for product in nearest if product != 9][:5]
    assert sorted(read_ablations(ranked["index"])) == sorted(["towers", *loaded.ablations])


def test_rules_of_products_are_served_and_counted_on_the_model_card(ranked: dict[str, str], ranked_model: Any) -> None:
    folder = Path(ranked["index"]) / "Format-Serving"
    ids = [product_id.encode() for product_id in load_catalogue(ranked["catalogue"])["product_id"].to_pylist()]
    card = json.loads((folder / "assets.extra/model_card.json").read_text())
    assert card["rules"] == {"count": 3, "examples": [ids[1].decode()]}
    asked = tf.constant([[ids[4], ids[1]] + [b""] * 8, [ids[1]] + [b""] * 9])
    outputs = ranked_model.signatures["bought_together"](product_ids=asked, k=tf.constant([3, 3]))
    # Product 0 has the title of product 1, which is asked with; both are in Food, or below it.
    expected = [[ids[2], ids[3], ids[9]]] * 2
    np.testing.assert_array_equal(outputs["product_ids"], expected)
    np.testing.assert_array_equal(outputs["source"], [[b"product rules", b"product rules", b"category rules"]] * 2)
    np.testing.assert_allclose(outputs["confidence"], [[0.2, 0.3, 0.5]] * 2, rtol=1e-6)
    np.testing.assert_allclose(outputs["lift"], [[5, 4, 2]] * 2)


def test_what_is_never_recommended_is_counted_and_its_price_can_be_judged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue = write_shop_catalogue(tmp_path / "catalogue")
    inputs = {"towers": [write_trained(tmp_path / "trained", catalogue)], "catalogue": [catalogue]}
    options = OPTIONS.model_copy(update={"leave_out": LeaveOutOptions(category=("Fresh", "Frozen"))})
    uri = build_index(tmp_path, inputs, options).uri
    card = json.loads((Path(uri) / "Format-Serving/assets.extra/model_card.json").read_text())
    assert card["leave_out"] == {"products": 15, "category": {"Fresh": 15, "Frozen": 0}, "product_id": {}}
    assert "names what no product of the catalogue has: ['Frozen']" in caplog.text
    # Every other product is in Food > Fresh; nobody has bought anything, so what sells is answered.
    fresh = {each.encode() for each in load_catalogue(catalogue.uri)["product_id"].to_pylist()[1::2]}
    request = {"history_ids": tf.fill([1, 12], ""), "history_types": tf.fill([1, 12], "")}
    request["history_age_seconds"] = tf.zeros([1, 12])
    model = tf.saved_model.load(f"{uri}/Format-Serving")
    answer = model.signatures["serving_default"](**request)["product_ids"].numpy()[0]
    assert len(answer) == 4
    assert not fresh & {*answer}
    assert read_ablations(uri) == ["recommendable_only"]


@pytest.mark.long
def test_texts_are_encoded_anew_by_a_trained_encoder(tmp_path: Path, tiny_bert: Path) -> None:
    catalogue = write_shop_catalogue(tmp_path / "catalogue")
    stale = write_text_vectors(tmp_path / "vectors", catalogue)
    trained = write_trained(tmp_path / "trained", catalogue, backbone=tiny_bert)
    index = build_index(tmp_path, {"towers": [trained], "catalogue": [catalogue], "text_vectors": [stale]})
    towers = load_towers(trained.uri)
    expected = item_vectors(towers, load_items(catalogue.uri, text_encoder=towers.text_encoder))
    np.testing.assert_allclose(read_item_vectors(index.uri, PRODUCTS), expected, atol=1e-5)


def test_a_product_without_a_vector_is_noticed(tmp_path: Path) -> None:
    table = item_vectors_table(np.zeros(2, np.int64), np.zeros((2, 3), np.float32))
    pq.write_table(table, tmp_path / "item_vectors-0.parquet")
    with pytest.raises(ValueError, match="one vector for each of 2 products"):
        read_item_vectors(str(tmp_path), 2)


def test_a_new_product_is_served_without_training_and_the_others_as_before(
    ranked: dict[str, str], ranked_model: Any, tmp_path: Path
) -> None:
    # In front of all others, so that every product has another row than before.
    new, old = "!new", load_catalogue(ranked["catalogue"])
    row = {**old.slice(4, 1).to_pylist()[0], "product_id": new, "title": "a title of its own", "in_stock": True}
    (tmp_path / "grown").mkdir()
    write_catalogue(str(tmp_path / "grown"), pa.concat_tables([pa.Table.from_pylist([row], old.schema), old]))
    statistics = read_parquet(f"{ranked['catalogue']}/product_statistics.parquet")
    write_parquet(
        f"{tmp_path}/grown/product_statistics.parquet", pa.concat_tables([statistics.slice(4, 1), statistics])
    )
    shutil.copy(Path(ranked["catalogue"]) / "catalogue.json", tmp_path / "grown")
    grown = str(tmp_path / "grown")
    towers_with_products(ranked["trained"], ranked["catalogue"], grown, None, None, str(tmp_path / "towers"))
    ranker_with_products(ranked["ranker"], ranked["catalogue"], grown, str(tmp_path / "ranker"))
    kinds = {"towers": standard_artifacts.Model, "ranker": standard_artifacts.Model, "grown": Catalogue}
    inputs = {name: [artifact(kind, tmp_path / name)] for name, kind in kinds.items()}
    inputs["catalogue"] = inputs.pop("grown")
    inputs["rules"] = [artifact(AssociationRules, Path(ranked["rules"]))]
    options = OPTIONS.model_copy(update={"compared": False})
    grown_model = tf.saved_model.load(f"{build_index(tmp_path, inputs, options).uri}/Format-Serving")
    models = {"before": ranked_model, "now": grown_model}
    ids = old["product_id"].to_pylist()
    answers = {}
    for name, model in models.items():
        found = model.signatures["filtered"](
            history_ids=tf.constant([[ids[7], ids[12]] + [""] * 10]),
            history_types=tf.constant([["purchase", "view"] + [""] * 10]),
            history_age_seconds=tf.constant([[9.0, 5.0] + [0.0] * 10]) * 86_400.0,
            k=tf.constant([PRODUCTS + 1]),
            category=tf.constant([""]),
            max_price=tf.constant([0.0]),
            in_stock_only=tf.constant([False]),
            exclude_ids=tf.fill([1, MAX_EXCLUDED_IDS], ""),
            include_bought=tf.constant([True]),
        )
        answers[name] = {
            product.decode(): score
            for product, score in zip(found["product_ids"].numpy()[0], found["scores"].numpy()[0], strict=True)
            if product
        }
    assert answers["now"].keys() == answers["before"].keys() | {new}
    for signature, inputs_of in {
        "similar_products": {"product_id": tf.constant([ids[4]]), "k": tf.constant([PRODUCTS])},
        "bought_together": {"product_ids": tf.constant([[new] + [""] * 9]), "k": tf.constant([3])},
    }.items():
        found = models["now"].signatures[signature](**inputs_of)["product_ids"].numpy()[0].tolist()
        assert (new.encode() in found) == (signature == "similar_products")
        assert all(found[:3])
