"""The response network: what it reads, what it leaves out when it serves, and that it survives being saved."""

from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.fitting import predicted_logits, predicted_probabilities, train_response
from trainer.response.network import new_network
from trainer.response.numbers import ScaledNumbers
from trainer.response.options import ResponseNetworkOptions, ResponseOptions, ResponseTrainingOptions

NAMES = FeatureNames(
    numbers=("liked", "noise"), categories={"place": ("top", "side")}, items=3, positions=2, outcomes=("clicked",)
)
SMALL = ResponseNetworkOptions(networks=2, units=4, cross_layers=1, cross_rank=2, embedding=2, dropout=0.0)


def table(rows: int, seed: int, rate_of_position: tuple[float, float] = (0.0, 0.0)) -> FeatureTable:
    """Impressions that are clicked by their first number, and by where they stand."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 2)).astype(np.float32)
    position = random.integers(1, 3, rows).astype(np.int32)
    logits = 2.0 * np.sign(numbers[:, 0]) * np.log1p(np.abs(numbers[:, 0])) - 1.0
    logits += np.array(rate_of_position)[position - 1]
    numbers[::10, 1] = np.nan
    return FeatureTable(
        numbers=numbers,
        categories=random.integers(0, 3, (rows, 1)).astype(np.int32),
        vectors=np.zeros((rows, 0), np.float32),
        item=random.integers(0, 4, rows).astype(np.int32),
        position=position,
        outcomes=(random.random(rows) < 1 / (1 + np.exp(-logits))).astype(np.float32)[:, None],
        weight=np.ones(rows, np.float32),
    )


def options(**changes: object) -> ResponseOptions:
    values = {"max_epochs": 6, "patience": 6, "batch_size": 128, "learning_rate": 4e-2, "refit": False, **changes}
    return ResponseOptions(
        network=SMALL.model_copy(update={"networks": 1}), training=ResponseTrainingOptions.model_validate(values)
    )


@settings(max_examples=25, deadline=None)
@given(arrays.arrays(np.float32, (7, 3), elements=st.floats(-1e6, 1e6, width=32)), st.data())
def test_numbers_are_scaled_as_numpy_scales_them(numbers: np.ndarray, data: st.DataObject) -> None:
    unknown = data.draw(arrays.arrays(bool, (7, 3)))
    values = np.where(unknown, np.nan, numbers).astype(np.float32)
    layer = ScaledNumbers(3)
    layer.adapt(values)
    found = layer(values).numpy()
    logarithms = np.sign(values) * np.log1p(np.abs(values.astype(np.float64)))
    for place in range(3):
        known = logarithms[~unknown[:, place], place]
        deviation = known.std() if len(known) and known.var() > 1e-6 else 1.0
        expected = np.where(
            unknown[:, place],
            0.0,
            np.clip((logarithms[:, place] - (known.mean() if len(known) else 0)) / deviation, -4, 4),
        )
        np.testing.assert_allclose(found[:, place], expected, atol=2e-2)
    np.testing.assert_array_equal(found[:, 3:], unknown)


@settings(max_examples=25, deadline=None)
@given(arrays.arrays(np.float32, 40, elements=st.integers(0, 9).map(float)), st.integers(1, 6))
def test_pieces_say_how_far_a_number_has_come(numbers: np.ndarray, pieces: int) -> None:
    """Their sum is the number between its quantiles, as NumPy interpolates it."""
    layer = ScaledNumbers(1, pieces)
    layer.adapt(numbers[:, None])
    found = layer(numbers[:, None]).numpy()
    scaled = found[:, 0].astype(np.float64)
    edges = np.unique(np.quantile(scaled, np.linspace(0, 1, pieces + 1)).round(5))
    expected = np.interp(scaled, edges, np.arange(len(edges))) if len(edges) > 1 else np.zeros(len(scaled))
    np.testing.assert_allclose(found[:, 2:].sum(axis=1), expected, atol=1e-3)
    np.testing.assert_array_equal(layer(np.full((1, 1), np.nan, np.float32)).numpy()[0, :2], [0.0, 1.0])


def test_it_learns_and_is_calibrated(tmp_path: Path) -> None:
    trained = train_response(NAMES, table(3000, 0), table(800, 1), options(), seed=0, log_uri=str(tmp_path))
    test = table(4000, 2)
    found = predicted_probabilities(trained.network, test)[:, 0]
    known = 1 / (1 + np.exp(1.0 - 2.0 * np.sign(test.numbers[:, 0]) * np.log1p(np.abs(test.numbers[:, 0]))))
    assert np.abs(found - known).mean() < 0.06
    assert abs(found.mean() - test.outcomes.mean()) < 0.03
    assert trained.summary["eval"]["auc"] > 0.7


def test_where_it_stood_counts_in_training_and_not_when_it_is_served(tmp_path: Path) -> None:
    """The bias of the first place is learned, and a served probability is that of the mean place."""
    trained = train_response(
        NAMES,
        table(4000, 0, (1.5, -1.5)),
        table(500, 1, (1.5, -1.5)),
        options(penalty=0.1, refit=True),
        seed=0,
        log_uri=str(tmp_path),
    )
    bias = np.asarray(trained.network.position_bias.embeddings)[:, 0]
    assert 1.0 < bias[1] - bias[2] < 4.0
    rows = table(200, 3)
    moved = FeatureTable(**{**rows.__dict__, "position": np.full(200, 1, np.int32)})
    np.testing.assert_array_equal(predicted_logits(trained.network, rows), predicted_logits(trained.network, moved))


def test_rows_that_stand_for_others_count_as_often(tmp_path: Path) -> None:
    """A model of every third negative, each with the weight of three, has the rate of all."""
    rows = table(4500, 0)
    kept = (rows.outcomes[:, 0] > 0.5) | (np.arange(4500) % 3 == 0)
    weight = np.where(rows.outcomes[:, 0] > 0.5, 1.0, 3.0).astype(np.float32)
    sampled = FeatureTable(**{**rows.__dict__, "weight": weight}).rows(kept)
    trained = train_response(NAMES, sampled, table(500, 1), options(), seed=0, log_uri=str(tmp_path))
    assert abs(predicted_probabilities(trained.network, rows).mean() - rows.outcomes.mean()) < 0.03


def test_a_saved_network_answers_as_before(tmp_path: Path) -> None:
    rows = table(50, 0)
    network = new_network(NAMES, 0, SMALL)
    network.adapt(rows)
    network.calibrate(np.array([1.5], np.float32), np.array([-0.5], np.float32))
    for weight in network.trainable_variables:
        weight.assign(keras.random.normal(weight.shape, seed=1))
    save_keras(network, f"{tmp_path}/network.keras")
    loaded = load_keras(f"{tmp_path}/network.keras")
    np.testing.assert_allclose(predicted_probabilities(loaded, rows), predicted_probabilities(network, rows), rtol=1e-5)


@pytest.mark.parametrize(
    "change", [{"units": 0}, {"cross_layers": 0}, {"units": 0, "cross_layers": 0}, {"item_embedding": 0}]
)
def test_parts_of_the_body_may_be_left_out(change: dict[str, int]) -> None:
    rows = table(8, 0)
    network = new_network(NAMES, 0, SMALL.model_copy(update=change))
    network.adapt(rows)
    (vector, _) = network.vectors(rows.inputs())
    body = network.bodies[0]
    shape = {"numbers": (8, 4), "categories": (8, 1), "item": (8,)}
    assert tuple(vector.shape) == body.compute_output_shape(shape)
    assert type(body).from_config(body.get_config()).get_config() == body.get_config()
