"""Training in mixed precision on the tiny shop."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.recommendation.tiny_shop import TinyShop, write_tiny_shop
from trainer.fitting.training_summary import run_training
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.judged_users import load_judged_users
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import load_towers
from trainer.recommendation.towers.user_vectors import user_vectors
from trainer.recommendation.training import run

STEPS = 40


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> TinyShop:
    return write_tiny_shop(tmp_path_factory.mktemp("shop"))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.long)])
def test_an_epoch_in_mixed_precision(precision: str, shop: TinyShop, tmp_path: Path) -> None:
    training = TrainingOptions(batch_size=2, max_epochs=1, learning_rate=1e-2, precision=precision, strategy="cpu")
    tower = TowerOptions(dimensions=16, layers=1, heads=2, dropout=0.0, history=12)
    run_training(run, shop.request(tmp_path, TwoTowerOptions(tower=tower, training=training).model_dump_json()))

    events = EventAccumulator(str(tmp_path / "log" / "train"), size_guidance={"tensors": 0}).Reload()
    losses = np.array([float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors("batch_loss")])
    assert len(losses) == STEPS
    assert np.isfinite(losses).all()
    assert losses[-10:].mean() < losses[:10].mean() - 0.1

    towers = load_towers(str(tmp_path / "model"))
    for part in (towers.item_tower, towers.user_tower):
        assert {np.asarray(weight).dtype for weight in part.weights} == {np.dtype(np.float32)}
        assert all(np.isfinite(np.asarray(weight)).all() for weight in part.weights)
    products = item_vectors(towers, load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors)))
    users = user_vectors(towers, products, load_judged_users(str(shop.examples), "test"))
    for vectors in (products, users):
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()
        assert (np.linalg.norm(vectors[:, : towers.item_tower.dimensions], axis=1) > 0.0).all()
