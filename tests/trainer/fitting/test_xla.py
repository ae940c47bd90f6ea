"""Training steps as a TPU gets them: compiled whole by XLA, here for the CPU."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import trainer.classification.training as classification
import trainer.recommendation.towers.live_text
import trainer.recommendation.towers.model
import trainer.recommendation.training as towers
import trainer.search.training as search
import trainer.text.backbone
import trainer.text.token_table
from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
from tests.trainer.recommendation.tiny_shop import write_tiny_shop
from tests.trainer.search.tiny_search import write_tiny_search
from trainer.fitting.batches import EpochBatches
from trainer.options import TextOptions
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.search.options import SearchOptions, SearchTrainingOptions


def train_classifier(training: str, bert: Path, folder: Path) -> None:
    texts, chosen = (made_texts(64, 1), made_texts(20, 2)), options(bert, training)
    classification.train_classifier(LABELS, *texts, chosen, seed=0, log_uri=str(folder))


def train_search(training: str, bert: Path, folder: Path) -> None:
    shop = write_tiny_search(folder / "shop", bert)
    chosen = SearchTrainingOptions(batch_size=14, hard_negatives=2)
    search.run(shop.request(folder, SearchOptions(text=shop.text(training), training=chosen).model_dump_json()))


def train_towers(training: str, bert: Path, folder: Path) -> None:
    live = training == "full"
    chosen = TwoTowerOptions(
        text=TextOptions(backbone=str(bert), training="full", sequence_length=8) if live else None,
        tower=TowerOptions(dimensions=16, layers=1, heads=2, dropout=0.0, history=12),
        training=TrainingOptions(batch_size=16),
    )
    towers.train(write_tiny_shop(folder / "shop").request(folder, chosen.model_dump_json(), text=not live))


@pytest.mark.parametrize(
    ("module", "train", "training"),
    [
        pytest.param(classification, train_classifier, "frozen", id="classification-frozen"),
        pytest.param(classification, train_classifier, "full", id="classification-full", marks=pytest.mark.long),
        pytest.param(search, train_search, "frozen", id="search-frozen", marks=pytest.mark.long),
        pytest.param(search, train_search, "full", id="search-full", marks=pytest.mark.long),
        pytest.param(towers, train_towers, "frozen", id="towers-frozen", marks=pytest.mark.long),
        pytest.param(towers, train_towers, "full", id="towers-full", marks=pytest.mark.long),
    ],
)
def test_a_step_is_compiled_and_gives_the_same_loss(
    module: ModuleType,
    train: Callable[[str, Path, Path], None],
    training: str,
    tiny_bert: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[float] = []

    class Compared(Exception):
        """The training has gone far enough."""

    def compare(model: Any, batches: EpochBatches, **_: Any) -> None:
        batch = next(iter(batches(0, 0)))
        plain = float(model.softmax_loss(batch, training=False))
        for user in (
            trainer.text.backbone,
            trainer.text.token_table,
            trainer.recommendation.towers.live_text,
            trainer.recommendation.towers.model,
        ):
            monkeypatch.setattr(user, "shapes_must_be_known", lambda: True)
        compiled = tf.function(lambda each: model.softmax_loss(each, training=False), jit_compile=True)
        compared.extend([plain, float(compiled(batch))])
        before = [np.asarray(variable) for variable in model.trainable_variables]
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
        model.jit_compile = True
        model.make_train_function()
        steps = iter(batches(0, 0))
        # The first one warms up from a learning rate of zero.
        model.train_function(steps)
        compared.append(float(model.train_function(steps)["loss"]))
        changed = [
            np.abs(np.asarray(variable) - old).max() > 0.0
            for variable, old in zip(model.trainable_variables, before, strict=True)
        ]
        assert any(changed)
        raise Compared

    monkeypatch.setattr(module, "fit", compare)
    with pytest.raises(Compared):
        train(training, tiny_bert, tmp_path)
    plain, compiled, of_step = compared
    assert compiled == pytest.approx(plain, rel=1e-4)
    assert np.isfinite(of_step)
