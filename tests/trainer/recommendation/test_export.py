"""The exported model answers what the model in training answers, before and after a reload."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from serving.recommendation.module import RecommendationModule
from trainer.recommendation.export import export_recommendation, served_catalogue
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.options import ServingOptions, TowerOptions
from trainer.recommendation.towers.item_features import POPULARITY, ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import Towers, build_towers, load_towers, save_towers
from trainer.recommendation.towers.user_vectors import user_vectors

PRODUCTS = 60
HISTORY_LENGTH = 20
TOWER_HISTORY = 6
EVENT_TYPES = ["view", "cart", "purchase"]
NOW = 1_700_000_000
USERS = 25


def make_features() -> ItemFeatures:
    random = np.random.default_rng(0)
    return ItemFeatures(
        product_index=np.arange(PRODUCTS, dtype=np.int32),
        number_names=("price", "rating", POPULARITY),
        numbers=random.normal(size=(PRODUCTS, 3)).astype(np.float32),
        categories=random.integers(0, 5, (PRODUCTS, 2)).astype(np.int32),
        text_vectors=random.normal(size=(PRODUCTS, 12)).astype(np.float32),
    )


def make_towers(features: ItemFeatures) -> Towers:
    """Towers whose weights are all random, so that nothing can be left out without being seen."""
    options = TowerOptions(dimensions=8, history=TOWER_HISTORY, dropout=0.3)
    towers = build_towers(options, features, len(EVENT_TYPES))
    random = np.random.default_rng(1)
    for tower in (towers.item_tower, towers.user_tower):
        for weight in tower.trainable_weights:
            weight.assign(random.normal(scale=0.5, size=weight.shape))
    return towers


def make_catalogue() -> pa.Table:
    random = np.random.default_rng(2)
    return pa.table(
        {
            "product_id": [f"id {index:02d}\n店" for index in range(PRODUCTS)],
            "title": [f"title {index}" for index in range(PRODUCTS)],
            "category": ["Home", "Home > Pots", "", "Garden"] * (PRODUCTS // 4),
            "price": pa.array([None if index % 9 == 0 else float(index) for index in range(PRODUCTS)], pa.float32()),
            "in_stock": random.uniform(size=PRODUCTS) < 0.8,
            "popularity": random.permutation(PRODUCTS).astype(np.float64),
        }
    )


def make_users() -> JudgedUsers:
    """Histories of 0 to 16 events over two years, among them some at the same moment."""
    random = np.random.default_rng(3)
    lengths = random.integers(0, 17, USERS)
    lengths[:2] = 0, 16
    times = [np.sort(NOW - random.integers(0, 63_000_000, length)) // 3600 * 3600 for length in lengths]
    total = int(lengths.sum())
    return JudgedUsers(
        user_ids=[b"user"] * USERS,
        history_offsets=np.concatenate([[0], np.cumsum(lengths)]),
        history_index=random.integers(0, PRODUCTS, total).astype(np.int32),
        history_type=random.integers(0, len(EVENT_TYPES), total).astype(np.int32),
        history_time=np.concatenate(times).astype(np.int64),
        query_time=np.full(USERS, NOW, np.int64),
        target_offsets=np.zeros(USERS + 1, np.int64),
        target_index=np.zeros(0, np.int32),
        window=np.zeros(USERS, np.int32),
        attributes={},
    )


@pytest.fixture(scope="module")
def features() -> ItemFeatures:
    return make_features()


@pytest.fixture(scope="module")
def towers(features: ItemFeatures, tmp_path_factory: pytest.TempPathFactory) -> Towers:
    """Saved and loaded, as RecommendationIndex gets them."""
    uri = str(tmp_path_factory.mktemp("towers"))
    save_towers(make_towers(features), uri)
    return load_towers(uri)


@pytest.fixture(scope="module")
def module(features: ItemFeatures, towers: Towers) -> RecommendationModule:
    return RecommendationModule(
        served_catalogue(
            make_catalogue(),
            *towers.split(item_vectors(towers, features)),
            recommendable=np.ones(PRODUCTS, bool),
            thing_of_product=np.arange(PRODUCTS),
        ),
        event_types=EVENT_TYPES,
        bought_event_type="purchase",
        history_length=HISTORY_LENGTH,
        tower_history=TOWER_HISTORY,
        default_k=10,
        user_encoder=lambda *inputs: towers.user_tower(*inputs, training=False),
    )


@pytest.fixture(scope="module")
def exported(features: ItemFeatures, towers: Towers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    tower_vectors, linear_vectors = towers.split(item_vectors(towers, features))
    export_recommendation(
        str(folder),
        catalogue=make_catalogue(),
        tower_vectors=tower_vectors,
        linear_vectors=linear_vectors,
        user_tower=towers.user_tower,
        event_types=EVENT_TYPES,
        bought_event_type="purchase",
        tower_history=TOWER_HISTORY,
        serving=ServingOptions(history_length=HISTORY_LENGTH),
        model_card={"data": "测试", "metrics": {"ndcg_at_10": 0.25}},
    )
    return folder


@pytest.fixture(scope="module")
def reloaded(exported: Path) -> Any:
    return tf.saved_model.load(str(exported))


@pytest.fixture(scope="module", params=["before", "after"])
def signatures(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The signatures of the module, and those of the SavedModel."""
    if request.param == "before":
        return request.getfixturevalue("module").signatures()
    return request.getfixturevalue("reloaded").signatures


def history(users: JudgedUsers) -> dict[str, np.ndarray]:
    """The users as requests, with "" strewn in."""
    ids = np.array([value.encode() for value in make_catalogue().column("product_id").to_pylist()], object)
    random = np.random.default_rng(4)
    inputs = {
        "history_ids": np.full((len(users), HISTORY_LENGTH), b"", object),
        "history_types": np.full((len(users), HISTORY_LENGTH), b"", object),
        "history_age_seconds": np.zeros((len(users), HISTORY_LENGTH), np.float32),
    }
    for row in range(len(users)):
        events = slice(users.history_offsets[row], users.history_offsets[row + 1])
        places = np.sort(random.permutation(HISTORY_LENGTH)[: events.stop - events.start])
        inputs["history_ids"][row, places] = ids[users.history_index[events]]
        inputs["history_types"][row, places] = [EVENT_TYPES[kind].encode() for kind in users.history_type[events]]
        inputs["history_age_seconds"][row, places] = users.query_time[row] - users.history_time[events]
    return inputs


def in_training(features: ItemFeatures, towers: Towers) -> np.ndarray:
    """Scores of all products as evaluation in training computes them; -inf rows of cold users are popularity."""
    vectors = item_vectors(towers, features)
    users = make_users()
    scores = user_vectors(towers, vectors, users) @ vectors.T
    popularity = np.log1p(make_catalogue().column("popularity").to_numpy())
    scores[np.diff(users.history_offsets) == 0] = popularity / popularity.max()
    return scores


def assert_ranking(outputs: dict[str, Any], scores: np.ndarray, allowed: np.ndarray, k: int) -> None:
    """Compares by score and not by place, so that two products of nearly the same score may change places."""
    ids = {value.encode(): place for place, value in enumerate(make_catalogue().column("product_id").to_pylist())}
    for row in range(len(scores)):
        expected = np.sort(scores[row][allowed[row]])[::-1][:k]
        count = len(expected)
        found = [ids[product_id] for product_id in outputs["product_ids"].numpy()[row, :count]]
        assert len(set(found)) == count
        assert allowed[row, found].all()
        np.testing.assert_allclose(outputs["scores"][row, :count], expected, atol=1e-4)
        np.testing.assert_allclose(scores[row, found], expected, atol=1e-4)
        assert set(outputs["product_ids"].numpy()[row, count:]) <= {b""}


def call(signatures: dict[str, Any], name: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    return signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})


def test_serving_default_is_the_model_in_training(
    signatures: dict[str, Any], features: ItemFeatures, towers: Towers
) -> None:
    scores = in_training(features, towers)
    outputs = call(signatures, "serving_default", history(make_users()))
    assert_ranking(outputs, scores, np.ones(scores.shape, bool), 10)


def test_filtered_is_the_model_in_training(signatures: dict[str, Any], features: ItemFeatures, towers: Towers) -> None:
    scores = in_training(features, towers)
    users, table = make_users(), make_catalogue()
    inputs = {
        **history(users),
        "k": np.full(USERS, 15, np.int32),
        "category": np.array([b"Home"] * USERS, object),
        "max_price": np.full(USERS, 40.0, np.float32),
        "in_stock_only": np.ones(USERS, bool),
        "exclude_ids": np.full((USERS, 100), b"", object),
        "include_bought": np.zeros(USERS, bool),
    }
    passes = np.array(
        [
            row["category"].startswith("Home") and row["in_stock"] and (row["price"] or 1e9) <= 40.0
            for row in table.to_pylist()
        ]
    )
    allowed = np.tile(passes, (USERS, 1))
    for row in range(USERS):
        events = slice(users.history_offsets[row], users.history_offsets[row + 1])
        allowed[row, users.history_index[events][users.history_type[events] == 2]] = False
    assert_ranking(call(signatures, "filtered", inputs), scores, allowed, 15)


def test_examples_is_the_model_in_training(signatures: dict[str, Any], features: ItemFeatures, towers: Towers) -> None:
    inputs = history(make_users())
    serialized = []
    for ids, types, ages in zip(*inputs.values(), strict=True):
        example = tf.train.Example()
        example.features.feature["history_ids"].bytes_list.value.extend(ids)
        example.features.feature["history_types"].bytes_list.value.extend(types)
        example.features.feature["history_age_seconds"].float_list.value.extend(ages)
        serialized.append(example.SerializeToString())
    scores = in_training(features, towers)
    outputs = call(signatures, "examples", {"examples": np.array(serialized, object)})
    assert_ranking(outputs, scores, np.ones(scores.shape, bool), 10)


def test_the_warm_up_file_asks_each_signature_once(exported: Path, reloaded: Any) -> None:
    records = tf.data.TFRecordDataset(str(exported / "assets.extra" / "tf_serving_warmup_requests"))
    names = []
    for record in records.as_numpy_iterator():
        asked = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        assert asked.model_spec.name == "recommendation"
        names.append(asked.model_spec.signature_name)
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in asked.inputs.items()}
        assert reloaded.signatures[names[-1]](**inputs)
    assert sorted(names) == [
        "embed",
        "evaluate",
        "examples",
        "explain",
        "filtered",
        "serving_default",
        "similar_products",
    ]


def test_the_model_card_is_written_as_given(exported: Path) -> None:
    text = (exported / "assets.extra" / "model_card.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"data": "测试", "metrics": {"ndcg_at_10": 0.25}}


def test_the_graph_holds_only_ops_that_tf_serving_links(exported: Path) -> None:
    message = saved_model_pb2.SavedModel.FromString((exported / "saved_model.pb").read_bytes())
    graph = message.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    assert {node.op for node in nodes} & {"PyFunc", "EagerPyFunc", "XlaLaunch"} == set()
