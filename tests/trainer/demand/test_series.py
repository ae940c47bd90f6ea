"""Windows of series, and that training sees nothing of the test."""

from pathlib import Path

import numpy as np

from trainer.demand.options import DemandNetworkOptions, DemandOptions, DemandTrainingOptions
from trainer.demand.product_facts import product_facts
from trainer.demand.series import DemandSeries, training_windows
from trainer.demand.training import ask, train_demand

OPTIONS = DemandOptions(
    horizon=2,
    history_weeks=4,
    network=DemandNetworkOptions(width=8, heads=2, text_width=2, members=2),
    training=DemandTrainingOptions(epochs=1, least_steps=0, batch_size=16),
)


def shop(seed: int = 0) -> DemandSeries:
    random = np.random.default_rng(seed)
    units = random.poisson(5, (12, 20)).astype(np.float32)
    units[3, :6] = np.nan
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
    rows, origins = training_windows(shop(), range(1, 18), 2)
    assert origins[rows == 3].min() == 7
    assert origins[rows == 0].min() == 1
    assert origins.max() == 17


def test_training_does_not_look_at_the_test(tmp_path: Path) -> None:
    series = shop()
    changed = DemandSeries(series.product, series.units.copy(), series.covariates.copy(), series.carried)
    changed.units[:, 14:] = 1e6
    changed.covariates[:, 14:] = 99.0
    found = []
    for each in (series, changed):
        facts = product_facts(each, np.eye(12, dtype=np.float32), 12, 14, 2)
        trained = train_demand(each, facts, OPTIONS, before=14, seed=0, log_uri=str(tmp_path))
        found.append(ask(trained.network, series, np.arange(12), np.full(12, 14), OPTIONS))
    np.testing.assert_array_equal(*found)
    assert (np.diff(found[0], axis=-1) >= 0).all()


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
