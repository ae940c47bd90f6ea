"""The towers' schedule, and gradients accumulated over batches, against gradients and schedules worked out by hand."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.fitting.training_length import TrainingLength
from trainer.recommendation.options import TowerOptions, TrainingOptions
from trainer.recommendation.towers.item_features import POPULARITY, ItemFeatures
from trainer.recommendation.towers.model import TwoTower
from trainer.recommendation.towers.optimizer import UpdateSchedule, towers_optimizer
from trainer.recommendation.towers.towers import build_towers

PRODUCTS, WINDOWS, WIDTH = 12, 4, 5


def make_model(training: TrainingOptions, steps: int) -> TwoTower:
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    items = ItemFeatures(
        product_index=np.arange(PRODUCTS, dtype=np.int32),
        number_names=("price", POPULARITY),
        numbers=random.normal(size=(PRODUCTS, 2)).astype(np.float32),
        categories=random.integers(0, 3, (PRODUCTS, 1)).astype(np.int32),
        text_vectors=random.normal(size=(PRODUCTS, 6)).astype(np.float32),
    )
    towers = build_towers(TowerOptions(dimensions=8, heads=2, dropout=0.0, history=WIDTH), items, event_types=2)
    model = TwoTower(towers, items, np.arange(1.0, PRODUCTS + 1), training)
    model.compile(optimizer=towers_optimizer(training, TrainingLength(steps, training.max_epochs)), jit_compile=False)
    return model


def make_batch(seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    integers = {"history_index": PRODUCTS, "history_type": 2, "target_index": PRODUCTS}
    batch = {name: random.integers(0, size, (WINDOWS, WIDTH)).astype(np.int32) for name, size in integers.items()}
    batch["query_position"] = np.tile(np.arange(WIDTH, dtype=np.int32), (WINDOWS, 1))
    batch["gap_seconds"] = random.uniform(0, 1e6, (WINDOWS, WIDTH)).astype(np.float32)
    batch["target_weight"] = np.ones((WINDOWS, WIDTH), np.float32)
    batch["history_length"] = np.full(WINDOWS, WIDTH, np.int32)
    return {name: tf.constant(value) for name, value in batch.items()}


def step(model: TwoTower, batch: dict[str, Any]) -> None:
    model.train_step(batch)


def values(model: TwoTower) -> list[np.ndarray]:
    return [np.asarray(variable).copy() for variable in model.trainable_variables]


def assert_same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-6)


def test_identical_batches_update_as_one_of_them_does() -> None:
    one = make_model(TrainingOptions(max_epochs=1), steps=2)
    three = make_model(TrainingOptions(max_epochs=1, accumulated_batches=3), steps=6)
    start = values(one)
    assert_same(values(three), start)
    # Two updates: the schedule's first learning rate is 0.
    for seed in range(2):
        for _ in range(3):
            step(three, make_batch(seed))
        step(one, make_batch(seed))
        assert_same(values(three), values(one))
    assert max(np.abs(now - before).max() for now, before in zip(values(three), start, strict=True)) > 1e-3


def test_different_batches_update_by_the_mean_of_their_gradients() -> None:
    options = TrainingOptions(max_epochs=1, accumulated_batches=2)
    model = make_model(options, steps=4)
    by_hand = make_model(options, steps=4)
    plain = towers_optimizer(options.model_copy(update={"accumulated_batches": 1}), TrainingLength(steps=2, epochs=1))
    for first, second in ((1, 2), (3, 4)):
        before = values(model)
        step(model, make_batch(first))
        # Nothing changes until the second batch has been seen.
        assert_same(values(model), before)
        step(model, make_batch(second))
        variables = by_hand.trainable_variables
        sums = [np.zeros(variable.shape, np.float32) for variable in variables]
        for seed in (first, second):
            tf.random.set_seed(1)
            with tf.GradientTape() as tape:
                loss = by_hand.softmax_loss(make_batch(seed), training=True)
            for total, gradient in zip(sums, tape.gradient(loss, variables), strict=True):
                total += tf.convert_to_tensor(gradient).numpy()
        plain.apply([tf.constant(total / 2.0) for total in sums], variables)
        assert_same(values(model), values(by_hand))
    assert any(np.abs(now - then).max() > 1e-3 for now, then in zip(values(model), before, strict=True))


@pytest.mark.parametrize("batches", [1, 3])
def test_the_schedule_counts_updates(batches: int) -> None:
    options = TrainingOptions(max_epochs=2, learning_rate=0.1, accumulated_batches=batches)
    optimizer = towers_optimizer(options, TrainingLength(steps=30, epochs=2))
    variable = keras.Variable([1.0])
    optimizer.build([variable])
    rates = []
    for _ in range(60):
        rates.append(float(optimizer.learning_rate))
        optimizer.apply([tf.constant([1.0])], [variable])
    updates = 60 // batches
    warm_up = round(updates * 0.1)
    for number, rate in enumerate(rates):
        update = number // batches
        if update < warm_up:
            expected = 0.1 * update / warm_up
        else:
            cosine = 0.5 * (1.0 + math.cos(math.pi * (update - warm_up) / (updates - warm_up)))
            expected = 0.1 * (0.98 * cosine + 0.02)
        assert rate == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_more_batches_than_an_epoch_has_are_refused() -> None:
    with pytest.raises(ValueError, match="at most the batches of an epoch, which are 4"):
        towers_optimizer(TrainingOptions(accumulated_batches=5), TrainingLength(steps=4, epochs=1))


def test_accumulation_on_several_devices_is_refused() -> None:
    with pytest.raises(ValueError, match="should be 1 on 2 devices"):
        towers_optimizer(TrainingOptions(accumulated_batches=2), TrainingLength(steps=4, epochs=1), replicas=2)


def test_the_schedule_survives_its_configuration() -> None:
    schedule = UpdateSchedule(keras.optimizers.schedules.CosineDecay(0.1, 5), steps_per_update=2)
    again = UpdateSchedule.from_config(schedule.get_config())
    assert [float(again(step)) for step in range(10)] == [float(schedule(step)) for step in range(10)]
