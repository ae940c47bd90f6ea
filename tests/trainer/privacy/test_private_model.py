"""Private steps of towers and of the response model: against plain ones, and against NumPy user by user."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommendation.tiny_shop import PRODUCTS, example, write_tiny_shop
from tests.trainer.response.test_network import NAMES, options, table
from trainer.fitting.softmax_model import SoftmaxModel
from trainer.privacy.model import PrivateModel
from trainer.privacy.options import NetworkPrivacyOptions, PrivacyOptions
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.recommendation.towers.model import TwoTower
from trainer.recommendation.towers.towers import build_towers
from trainer.recommendation.training import train
from trainer.recommendation.training_windows import parse_windows, private_windows
from trainer.response.fitting import ResponseTraining, gatherer, predicted_probabilities, train_response
from trainer.response.network import new_network
from trainer.response.options import ResponseOptions

_UNITS = np.array([0, 0, 1, 1, 1, 2], np.int32)
_TOWER = TowerOptions(dimensions=8, dropout=0.0, history=12, linear_dimensions=0)


def _windows(users: list[bytes]) -> list[bytes]:
    random = np.random.default_rng(3)
    windows = []
    for user in users:
        events = random.integers(0, PRODUCTS, random.integers(3, 8))
        positions = np.arange(len(events) - 1)
        windows.append(
            example(
                user_id=[user],
                history_index=events[:-1],
                history_type=np.ones(len(positions), int),
                gap_seconds=np.full(len(positions), 60.0),
                query_position=positions,
                target_index=events[1:],
                target_weight=np.ones(len(positions), float),
            )
        )
    return windows


def _towers(folder: Path) -> tuple[SoftmaxModel, dict[str, Any]]:
    shop = write_tiny_shop(folder, users=4)
    items = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    keras.utils.set_random_seed(1)
    model = TwoTower(build_towers(_TOWER, items, 2), items, np.ones(PRODUCTS), TrainingOptions())
    batch = parse_windows(tf.constant(_windows([b"user"] * len(_UNITS))))
    return model, batch


def _response(folder: Path) -> tuple[SoftmaxModel, dict[str, Any]]:
    rows = table(len(_UNITS), 3)
    keras.utils.set_random_seed(1)
    network = new_network(NAMES, 0, options().network)
    network.adapt(rows)
    for weight in network.trainable_variables:
        # Much of it begins with zeros, and what is zero is not seen to be wrong.
        weight.assign_add(0.1 * np.random.default_rng(2).normal(size=weight.shape))
    columns = gatherer({**rows.inputs(), "outcomes": rows.outcomes, "weight": rows.weight})
    return ResponseTraining(network, 10, (1.0, 1.0)), columns(tf.range(len(_UNITS)))


def _flat(gradients: list[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(each) for each in gradients])


@pytest.mark.parametrize("make", [_towers, _response])
def test_a_step_is_a_plain_one_and_clipped_it_is_the_sum_of_users(
    tmp_path: Path, make: Callable[[Path], tuple[SoftmaxModel, dict[str, Any]]]
) -> None:
    model, batch = make(tmp_path)
    lost = model.losses_of(batch, training=True)

    def private(clip: float) -> np.ndarray:
        chosen = PrivacyOptions(noise_multiplier=0.0, l2_clip=clip)
        wrapped = PrivateModel(model, privacy=chosen, expected=float(lost.weight))
        wrapped.compile(optimizer=keras.optimizers.SGD(), jit_compile=False)
        loss, found = wrapped.gradients({**batch, "unit": _UNITS})
        assert float(loss) == pytest.approx(float(lost.total) / float(lost.weight), rel=1e-5)
        assert [each.path for each in wrapped.trainable_variables] == [each.path for each in model.trainable_variables]
        return _flat(found)

    model.compile(optimizer=keras.optimizers.SGD(), jit_compile=False)
    expected = _flat(model.gradients(batch)[1])
    assert expected.any()
    np.testing.assert_allclose(private(1e9), expected, rtol=1e-3, atol=1e-6)
    # User by user, and clipped by NumPy.
    of_users = []
    for user in range(3):
        own = {name: tf.gather(column, np.flatnonzero(user == _UNITS)) for name, column in batch.items()}
        of_users.append(_flat(model.gradients(own)[1]) * float(model.losses_of(own, training=True).weight))
    norms = np.linalg.norm(of_users, axis=1)
    clip = float(np.median(norms))
    by_hand = (np.array(of_users) * np.minimum(1.0, clip / norms)[:, None]).sum(axis=0) / float(lost.weight)
    np.testing.assert_allclose(private(clip), by_hand, rtol=1e-3, atol=1e-6)


def test_towers_learn_from_users_and_say_what_it_cost(tmp_path: Path) -> None:
    shop = write_tiny_shop(tmp_path)
    names = [b"user %d" % (number // 2) for number in range(80)]
    (file,) = (shop.examples / "Split-train").iterdir()
    records = list(tf.data.TFRecordDataset(str(file), "GZIP").as_numpy_iterator())
    with tf.io.TFRecordWriter(str(file), "GZIP") as writer:
        for record, name in zip(records, names, strict=True):
            parsed = tf.train.Example.FromString(record)
            parsed.features.feature["user_id"].bytes_list.value.append(name)
            writer.write(parsed.SerializeToString())
    batches = private_windows(str(shop.examples), 8)
    assert (batches.units, batches.rows, batches.steps) == (40, 16.0, 5)
    chosen = TwoTowerOptions(
        tower=_TOWER,
        training=TrainingOptions(batch_size=8, max_epochs=6, patience=6, learning_rate=2e-2),
        privacy=NetworkPrivacyOptions(noise_multiplier=0.5, l2_clip=1.0),
    )
    trained = train(shop.request(tmp_path, chosen.model_dump_json()))
    said = trained.summary["privacy"]
    assert (said["unit"], said["sampled"], said["steps"]) == ("user", 0.2, 5 * trained.summary["epochs"])
    # 4 kinds: by chance a fourth of the products are right.
    assert trained.summary["eval"]["ndcg_at_10"] > 0.5
    few = chosen.model_copy(update={"training": chosen.training.model_copy(update={"compared_products": 5})})
    with pytest.raises(ValueError, match=f"compared_products` to {PRODUCTS}"):
        train(shop.request(tmp_path, few.model_dump_json()))


def test_windows_without_names_are_refused(tmp_path: Path) -> None:
    shop = write_tiny_shop(tmp_path, users=4)
    with pytest.raises(ValueError, match="named_windows"):
        private_windows(str(shop.examples), 2)


def test_the_response_model_learns_from_users_and_says_what_it_cost(tmp_path: Path) -> None:
    learned, validated = table(600, 1), table(300, 2)
    plain = options(max_epochs=8, batch_size=64).model_dump() | {"uplift": None}
    chosen = ResponseOptions.model_validate(plain | {"privacy": {"noise_multiplier": 1.0, "l2_clip": 1.0}})
    users = np.array([b"user %d" % (row // 2) for row in range(600)], object)
    network, summary = train_response(NAMES, learned, validated, chosen, seed=0, log_uri=str(tmp_path), users=users)
    assert summary["privacy"]["sampled"] == pytest.approx(64 / 300)
    assert summary["privacy"]["steps"] == 4 * summary["epochs"]
    found = predicted_probabilities(network, validated)[:, 0]
    happened = validated.outcomes[:, 0] > 0
    assert (found[happened][:, None] > found[~happened]).mean() > 0.7
    for changes, wrong in (({"uplift": {}}, "uplift"), ({"training": {"refit": True}}, "refit")):
        with pytest.raises(ValueError, match=wrong):
            ResponseOptions.model_validate(plain | {"privacy": {}} | changes)
