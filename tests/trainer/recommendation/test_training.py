"""Training end to end on a tiny shop, with the text frozen, off, by LoRA and in full."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins import projector
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tests.trainer.fitting.tensorboard_scalars import read_scalars
from tests.trainer.recommendation.tiny_shop import PRODUCTS, TinyShop, product_kind, write_tiny_shop
from trainer.artifacts.catalogue import load_catalogue
from trainer.fitting.training_summary import run_training
from trainer.metrics.ranking import hit_matrix, ndcg_at_k
from trainer.options import TextOptions
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.catalogue_ranking import ranking_metrics
from trainer.recommendation.judged_users import load_judged_users
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import load_towers
from trainer.recommendation.towers.user_vectors import user_vectors
from trainer.recommendation.training import run, train

TOWER = TowerOptions(dimensions=16, layers=1, heads=2, dropout=0.0, history=12)
TRAINING = TrainingOptions(batch_size=16, max_epochs=6, patience=6, learning_rate=1e-2)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> TinyShop:
    return write_tiny_shop(tmp_path_factory.mktemp("shop"))


def options(text: TextOptions | None, **training: object) -> str:
    return TwoTowerOptions(text=text, tower=TOWER, training=TRAINING.model_copy(update=training)).model_dump_json()


@pytest.fixture(scope="module")
def trained(shop: TinyShop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    run_training(run, shop.request(folder, options(TextOptions())))
    return folder


def test_towers_learn_what_popularity_cannot(shop: TinyShop, trained: Path) -> None:
    towers = load_towers(str(trained / "model"))
    items = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    users = load_judged_users(str(shop.examples), "test")
    metrics = ranking_metrics(towers, items, users)
    assert metrics["novel_ndcg_at_10"] > 0.9
    # Popularity ranks every unbought product by its count, the last index first.
    lists = np.array(
        [
            [row for row in range(PRODUCTS - 1, -1, -1) if row not in set(users.history_index[users.history(user)])][
                :10
            ]
            for user in range(len(users))
        ]
    )
    hits = hit_matrix(lists, users.target_offsets, users.target_index)
    assert ndcg_at_k(hits, np.diff(users.target_offsets), 10).mean() < 0.6


def test_products_of_a_kind_lie_together(shop: TinyShop, trained: Path) -> None:
    towers = load_towers(str(trained / "model"))
    vectors = item_vectors(towers, load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors)))
    likeness = vectors @ vectors.T - 2 * np.eye(PRODUCTS)
    kinds = product_kind(np.arange(PRODUCTS))
    assert (kinds[likeness.argmax(axis=1)] == kinds).mean() > 0.9


def test_the_summary_tells_what_happened(trained: Path) -> None:
    summary = json.loads((trained / "model" / "training.json").read_text())
    logged = read_scalars(trained / "log" / "train")
    assert summary["epochs"] == len(logged["epoch_loss"]) == TRAINING.max_epochs
    by_epoch = logged["epoch_eval_novel_ndcg_at_10"]
    # The first of the best ones.
    assert summary["best_epoch"] == 1 + max(by_epoch, key=lambda epoch: (by_epoch[epoch], -epoch))
    assert summary["examples"] == {"train": 80, "pairs": 880}
    assert set(summary["eval"]) == {"ndcg_at_10", "recall_at_10", "novel_ndcg_at_10", "novel_recall_at_10"}
    towers = load_towers(str(trained / "model"))
    weights = [*towers.item_tower.trainable_weights, *towers.user_tower.trainable_weights]
    assert summary["parameters"] == sum(math.prod(weight.shape) for weight in weights)
    # Between what TensorBoard got first and last lies a part of the training.
    events = EventAccumulator(str(trained / "log" / "train")).Reload().Tensors("batch_loss")
    assert summary["seconds"] > events[-1].wall_time - events[0].wall_time


def test_tensorboard_gets_loss_learning_rate_and_metrics(trained: Path) -> None:
    summary = json.loads((trained / "model" / "training.json").read_text())
    scalars = read_scalars(trained / "log" / "train")
    for tag in ("epoch_loss", "epoch_learning_rate", "epoch_eval_ndcg_at_10", "epoch_eval_novel_ndcg_at_10"):
        assert sorted(scalars[tag]) == list(range(summary["epochs"])), sorted(scalars)
    # 80 windows make 5 steps of 16, each of which is a point.
    steps = summary["epochs"] * 5
    assert sorted(scalars["batch_loss"]) == sorted(scalars["batch_learning_rate"]) == list(range(1, steps + 1))
    for epoch, loss in scalars["epoch_loss"].items():
        by_step = [scalars["batch_loss"][epoch * 5 + step] for step in range(1, 6)]
        assert np.mean(by_step) == pytest.approx(loss, rel=1e-4)
    rates = list(scalars["batch_learning_rate"].values())
    assert max(rates) == pytest.approx(TRAINING.learning_rate, rel=0.01)
    assert rates[-1] < 0.1 * max(rates)


def test_tensorboard_gets_the_options_with_the_best_epoch(trained: Path) -> None:
    summary = json.loads((trained / "model" / "training.json").read_text())
    events = EventAccumulator(str(trained / "log")).Reload()
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["training.batch_size"].number_value == 16
    assert hparams["text.training"].string_value == "frozen"
    assert hparams["seed"].number_value == 0
    epoch = summary["best_epoch"] - 1
    by_epoch, best = read_scalars(trained / "log" / "train"), read_scalars(trained / "log")
    assert best["best_epoch/loss"] == {epoch: pytest.approx(by_epoch["epoch_loss"][epoch])}
    for name, value in summary["eval"].items():
        assert best[f"best_epoch/eval_{name}"] == {epoch: pytest.approx(value)}


def test_the_projector_shows_the_vectors_of_the_saved_tower(shop: TinyShop, trained: Path) -> None:
    log = trained / "log"
    config = text_format.Parse((log / "projector_config.pbtxt").read_text(), projector.ProjectorConfig())
    (embedding,) = config.embeddings
    towers = load_towers(str(trained / "model"))
    expected = item_vectors(towers, load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors)))
    # The last product is the most popular one.
    written = np.loadtxt(log / embedding.tensor_path, delimiter="\t", dtype=np.float32)
    np.testing.assert_allclose(written, expected[::-1], atol=1e-5)
    rows = [line.split("\t") for line in (log / embedding.metadata_path).read_text().splitlines()]
    assert rows[0] == ["title", "category", "popularity"]
    titles = load_catalogue(str(shop.catalogue))["title"].to_pylist()
    assert [row[0] for row in rows[1:]] == titles[::-1]


def test_the_same_seed_gives_the_same_towers_and_steps_bound_the_batches(shop: TinyShop, tmp_path: Path) -> None:
    items = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    three_steps = dataclasses.replace(shop.request(tmp_path, options(TextOptions()), seed=1), steps=3)
    made = [train(three_steps) for _ in range(2)]
    vectors = [item_vectors(each.towers, items) for each in made]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)
    assert made[0].summary["epochs"] == 1


def test_text_off_learns_from_events_alone(shop: TinyShop, tmp_path: Path) -> None:
    result = train(shop.request(tmp_path, options(None), text=False))
    assert result.summary["eval"]["novel_ndcg_at_10"] > 0.7
    assert result.towers.item_tower.text_dimensions == 0


@pytest.mark.long
@pytest.mark.parametrize("training", ["lora", "full"])
def test_the_backbone_is_trained_and_saved(training: str, shop: TinyShop, tiny_bert: Path, tmp_path: Path) -> None:
    text = TextOptions(backbone=str(tiny_bert), training=training, lora_rank=2, sequence_length=8)
    run_training(run, shop.request(tmp_path, options(text, max_epochs=2), text=False))
    towers = load_towers(str(tmp_path / "model"))
    assert towers.text_encoder is not None
    items = load_items(str(shop.catalogue), str(shop.transformed), None, towers.text_encoder)
    untrained = load_items(str(shop.catalogue), str(shop.transformed), None, _untrained(tiny_bert))
    assert np.abs(items.text_vectors - untrained.text_vectors).max() > 1e-3
    users = load_judged_users(str(shop.examples), "eval")
    summary = json.loads((tmp_path / "model" / "training.json").read_text())
    again = ranking_metrics(towers, items, users)
    assert again["novel_ndcg_at_10"] == pytest.approx(summary["eval"]["novel_ndcg_at_10"], abs=1e-4)


def _untrained(tiny_bert: Path):
    from trainer.text.backbone import load_text_encoder

    return load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=8))


def test_windows_longer_than_the_tower_are_refused(shop: TinyShop, tmp_path: Path) -> None:
    short = TwoTowerOptions(tower=TOWER.model_copy(update={"history": 4}), training=TRAINING)
    with pytest.raises(ValueError, match=r"`tower\.history` should be the length that the windows were cut to"):
        train(shop.request(tmp_path, short.model_dump_json()))


def test_user_vectors_are_what_the_towers_say_of_each_history_alone(shop: TinyShop, trained: Path) -> None:
    towers = load_towers(str(trained / "model"))
    users = load_judged_users(str(shop.examples), "test").rows(3, 9)
    items = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    products = item_vectors(towers, items)
    vectors = user_vectors(towers, products, users, batch_size=4)
    for row in range(len(users)):
        events = users.history(row)
        times = [*users.history_time[events], users.query_time[row]]
        alone = towers.user_tower(
            products[users.history_index[events], : towers.user_tower.dimensions][None],
            users.history_type[events][None],
            np.diff(times).astype(np.float32)[None],
            np.ones((1, events.stop - events.start), bool),
        )
        recent, linear = np.split(vectors[row], [towers.user_tower.dimensions])
        np.testing.assert_allclose(recent, np.asarray(alone)[0, -1], atol=1e-5)
        assert np.linalg.norm(linear) == pytest.approx(1.0, abs=1e-5)
    assert not user_vectors(towers, products, users.latest(0)).any()
