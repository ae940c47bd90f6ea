"""The towers' loss against the same sums in NumPy, over the whole catalogue and over a part of it."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.recommendation.options import TowerOptions, TrainingOptions
from trainer.recommendation.towers.item_features import POPULARITY, ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.model import TwoTower
from trainer.recommendation.towers.towers import Towers, build_towers

PRODUCTS, DIMENSIONS = 12, 8
COUNTS = np.arange(1.0, PRODUCTS + 1.0)


@pytest.fixture(scope="module")
def items() -> ItemFeatures:
    numbers = np.random.default_rng(1).normal(size=(PRODUCTS, 1)).astype(np.float32)
    return ItemFeatures(np.arange(PRODUCTS, dtype=np.int32), (POPULARITY,), numbers, np.zeros((PRODUCTS, 0), np.int32))


@pytest.fixture(scope="module")
def towers(items: ItemFeatures) -> Towers:
    keras.utils.set_random_seed(5)
    built = build_towers(TowerOptions(dimensions=DIMENSIONS, history=4, dropout=0.0, linear_dimensions=0), items, 1)
    generator = np.random.default_rng(2)
    for variable in [*built.user_tower.trainable_variables, *built.item_tower.trainable_variables]:
        variable.assign(generator.normal(size=variable.shape, scale=0.3))
    return built


@pytest.fixture(scope="module")
def batch() -> dict[str, tf.Tensor]:
    """Two histories, the second one shorter; after the first's second event two products follow at once."""
    return {
        "history_index": tf.constant([[3, 5, 3, 1], [7, 2, 0, 0]]),
        "history_type": tf.zeros([2, 4], tf.int32),
        "history_length": tf.constant([4, 2]),
        "gap_seconds": tf.ones([2, 4]) * 1e5,
        "query_position": tf.constant([[1, 1, 3], [1, 0, 0]]),
        "target_index": tf.constant([[3, 11, 4], [7, 0, 0]]),
        "target_weight": tf.constant([[1.0, 0.5, 1.0], [2.0, 0.0, 0.0]]),
    }


# Row, position, product, weight, and whether the history up to there has the product.
PAIRS = [(0, 1, 3, 1.0, True), (0, 1, 11, 0.5, False), (0, 3, 4, 1.0, False), (1, 1, 7, 2.0, True)]


def loss_by_hand(towers, items, batch, chosen, offsets, smoothing=0.0, repeat_weight=1.0) -> float:
    products = item_vectors(towers, items)
    valid = tf.sequence_mask(batch["history_length"], 4)
    read = products[batch["history_index"].numpy()]
    users = towers.user_tower(read, batch["history_type"], batch["gap_seconds"], valid).numpy()
    total = weight_of_all = 0.0
    for row, position, product, pair_weight, repeated in PAIRS:
        weight = pair_weight * (repeat_weight if repeated else 1.0)
        scores = {each: float(users[row, position] @ products[each]) for each in chosen}
        sums = math.log(sum(math.exp(scores[each] + offsets[each]) for each in chosen))
        right = (1.0 - smoothing) * scores[product] + smoothing * sum(scores.values()) / len(scores)
        total += weight * (sums - right)
        weight_of_all += weight
    return total / weight_of_all


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("repeat_weight", [1.0, 0.25])
def test_loss_over_the_whole_catalogue(towers, items, batch, smoothing: float, repeat_weight: float) -> None:
    options = TrainingOptions(label_smoothing=smoothing, repeat_weight=repeat_weight)
    found = TwoTower(towers, items, COUNTS, options).softmax_loss(batch, training=False)
    everything = list(range(PRODUCTS))
    expected = loss_by_hand(towers, items, batch, everything, np.zeros(PRODUCTS), smoothing, repeat_weight)
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_loss_over_a_part_is_corrected_by_how_likely_a_product_is_in_it(towers, items, batch) -> None:
    options = TrainingOptions(label_smoothing=0.0, compared_products=5)
    model = TwoTower(towers, items, COUNTS, options, seed=3)
    model.compile(optimizer=keras.optimizers.SGD())
    found = float(model.softmax_loss(batch, training=False))
    named = np.concatenate([batch["history_index"].numpy().ravel(), batch["target_index"].numpy().ravel()])
    # Of the seed, and of the steps that were made.
    others = tf.random.stateless_uniform([5], [3, 0], maxval=PRODUCTS, dtype=tf.int32).numpy()
    rate = len(named) * COUNTS / COUNTS.sum() + 5 / PRODUCTS
    expected = loss_by_hand(towers, items, batch, sorted({*named, *others}), -np.log(1.0 - np.exp(-rate)))
    assert found == pytest.approx(expected, rel=1e-4)


def test_without_weight_the_loss_is_zero(towers, items, batch) -> None:
    nothing = {**batch, "target_weight": tf.zeros([2, 3])}
    assert float(TwoTower(towers, items, COUNTS, TrainingOptions()).softmax_loss(nothing, training=False)) == 0.0
