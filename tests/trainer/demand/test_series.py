"""Windows of series, that training sees nothing of the test, and that what it exports answers as it does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trainer.demand.export import export_demand
from trainer.demand.options import MEDIAN, DemandNetworkOptions, DemandOptions, DemandTrainingOptions
from trainer.demand.product_facts import ProductFacts, product_facts
from trainer.demand.series import DemandSeries
from trainer.demand.training import TrainedDemand, ask, train_demand
from trainer.demand.training_windows import TrainingWindows

OPTIONS = DemandOptions(
    horizon=2,
    history_weeks=4,
    network=DemandNetworkOptions(width=8, lift_width=8, text_width=2, members=2),
    training=DemandTrainingOptions(epochs=1, least_steps=0, batch_size=16),
)


def shop(seed: int = 0) -> DemandSeries:
    """Even series, and odd ones: of a few weeks, of one week, of zeros, with gaps, and of a million each week."""
    random = np.random.default_rng(seed)
    units = random.poisson(5, (12, 20)).astype(np.float32)
    units[3, :6] = np.nan
    units[4, :13] = np.nan
    units[5] = 0.0
    units[6, ::3] = np.nan
    units[7] = 1e6
    covariates = random.random((12, 22, 2)).astype(np.float32)
    return DemandSeries(np.arange(12), units, covariates, carried=(0,))


def test_a_window_has_what_is_known_and_carries_what_nobody_knows_yet() -> None:
    series = shop()
    window = series.windows(np.array([2, 3]), np.array([3, 8]), 4, 2)
    assert np.isnan(window.recent_units[0, 0])
    np.testing.assert_array_equal(window.recent_units[0, 1:], series.units[2, :3])
    np.testing.assert_array_equal(window.recent_units[1], series.units[3, 4:8])
    np.testing.assert_array_equal(window.known_covariates[1, :, 1], series.covariates[3, 8:10, 1])
    np.testing.assert_array_equal(window.known_covariates[1, :, 0], np.repeat(series.covariates[3, 7, 0], 2))


def test_windows_to_learn_from_begin_after_the_first_sale() -> None:
    windows = TrainingWindows(shop(), range(1, 18), 2)
    rows, origins = windows.at(np.arange(len(windows)))
    assert origins[rows == 3].min() == 7
    assert origins[rows == 0].min() == 1
    assert origins.max() == 17
    known = np.isfinite(shop().units)
    expected = {
        (row, o) for row in range(12) for o in range(1, 18) if known[row, :o].any() and known[row, o : o + 2].any()
    }
    assert set(zip(rows.tolist(), origins.tolist(), strict=True)) == expected
    drawn = windows.drawn(np.random.default_rng(0), 30)
    assert len(set(drawn.tolist())) == 30
    assert sorted(windows.drawn(np.random.default_rng(0), 10_000)) == list(range(len(windows)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[TrainedDemand]:
    """Two trainings up to week 14, of series that differ from it on."""
    series = shop()
    changed = replace(series, units=series.units.copy(), covariates=series.covariates.copy())
    changed.units[:, 14:] = 1e6
    changed.covariates[:, 14:] = 99.0
    log = str(tmp_path_factory.mktemp("log"))
    return [train_demand(each, facts_of(each), OPTIONS, before=14, seed=0, log_uri=log) for each in (series, changed)]


def facts_of(series: DemandSeries) -> ProductFacts:
    return product_facts(series, np.eye(12, dtype=np.float32), 12, 14, 2)


def answers(trained: TrainedDemand) -> np.ndarray:
    return ask(trained.network, shop(), np.arange(12), np.full(12, 14), OPTIONS)


def test_training_does_not_look_at_the_test(trained: list[TrainedDemand]) -> None:
    np.testing.assert_array_equal(*(answers(each) for each in trained))


def test_odd_series_get_answers_of_their_own_size(trained: list[TrainedDemand]) -> None:
    found = answers(trained[0])
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=-1) >= 0).all()
    assert (found[5, :, MEDIAN] < 2.0).all()
    assert (found[7, :, MEDIAN] > 1e5).all()
    others = np.delete(found, 7, axis=0)
    assert others.max() < 100.0


def test_what_is_served_answers_as_what_was_trained(trained: list[TrainedDemand], tmp_path: Path) -> None:
    series = shop()
    ids = [f"p{number}".encode() for number in range(12)]
    facts = {"covariates": ["price", "placement_display"], "first_day": "2025-01-06", "test_week": 14}
    export_demand(str(tmp_path / "model"), trained[0].network, ids, OPTIONS, facts, trained[0].summary)
    window = series.windows(np.arange(12), np.full(12, 14), OPTIONS.history_weeks, OPTIONS.horizon)
    served = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"](
        product_ids=tf.constant(ids), **{name: tf.constant(value) for name, value in window._asdict().items()}
    )
    np.testing.assert_allclose(served["quantiles"], answers(trained[0]), rtol=1e-5)


def test_a_product_without_series_has_the_level_of_those_with_texts_like_its_own() -> None:
    units = np.array([[2.0] * 8, [2.0] * 8, [50.0] * 8], np.float32)
    texts = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], np.float32)
    series = DemandSeries(np.arange(3), units, np.zeros((3, 10, 0), np.float32))
    facts = product_facts(series, texts, 4, 8, 2)
    assert facts.levels[3] > 40
    # Of its own series it does not know: the one most like it is.
    assert facts.levels[0] < 5
    assert facts.own.tolist() == [1, 2, 3, 0, 0]
    without = product_facts(series, None, 4, 8, 2)
    assert len(set(without.levels.tolist())) == 1
