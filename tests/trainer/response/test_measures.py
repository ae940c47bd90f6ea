"""Measures of probabilities against scikit-learn and loops, and calibration against what it is to undo."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import log_loss, roc_auc_score

from trainer.response.calibration import fit_calibration, level_at_slope, slope_with_more
from trainer.response.measures import area_under_curve, calibration_error, normalised_entropy

PROBABILITIES = arrays.arrays(np.float64, 40, elements=st.sampled_from([0.01, 0.1, 0.3, 0.3, 0.5, 0.9]))
OUTCOMES = arrays.arrays(np.int64, 40, elements=st.integers(0, 1)).filter(lambda each: 0 < each.sum() < 40)


@settings(deadline=None)
@given(PROBABILITIES, OUTCOMES)
def test_measures_are_those_of_scikit_learn(probabilities: np.ndarray, outcomes: np.ndarray) -> None:
    assert area_under_curve(probabilities, outcomes) == pytest.approx(roc_auc_score(outcomes, probabilities))
    base = log_loss(outcomes, np.full(40, outcomes.mean()))
    assert normalised_entropy(probabilities, outcomes) == pytest.approx(log_loss(outcomes, probabilities) / base)


def test_the_base_rate_has_an_entropy_of_one_and_no_error() -> None:
    outcomes = np.tile([0.0, 0.0, 0.0, 1.0], 100)
    assert normalised_entropy(np.full(400, 0.25), outcomes) == pytest.approx(1.0)
    assert area_under_curve(np.full(400, 0.25), outcomes) == 0.5
    assert calibration_error(np.full(400, 0.25), outcomes) == pytest.approx(0.0)
    assert calibration_error(np.full(400, 0.45), outcomes) == pytest.approx(0.2)
    assert np.isnan(normalised_entropy(np.full(5, 0.1), np.zeros(5)))


def test_calibration_undoes_what_was_done_to_the_logits() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(-2.0, 1.5, 50_000)
    outcomes = (random.random(50_000) < 1 / (1 + np.exp(-logits))).astype(float)
    found = fit_calibration(2.0 * logits + 1.0, outcomes, np.ones(50_000))
    assert found.slope == pytest.approx(0.5, abs=0.02)
    assert found.intercept == pytest.approx(-0.5, abs=0.05)


def test_of_a_handful_of_rows_a_calibration_says_little() -> None:
    found = fit_calibration(np.array([3.0, -3.0]), np.array([1.0, 0.0]), np.ones(2))
    assert found.slope == pytest.approx(1.0, abs=0.2)


def test_a_level_makes_the_mean_the_rate() -> None:
    random = np.random.default_rng(0)
    logits, weights = random.normal(size=500), random.random(500)
    outcomes = (random.random(500) < 0.1).astype(float)
    level = level_at_slope(1.7, logits, outcomes, weights)
    mean = np.average(1 / (1 + np.exp(-(1.7 * logits + level))), weights=weights)
    assert mean == pytest.approx(np.average(outcomes, weights=weights))


def test_a_slope_comes_nearer_to_one_the_more_there_is_to_learn_from() -> None:
    assert slope_with_more(1.3, 1.0) == pytest.approx(1.3)
    assert slope_with_more(1.3, 0.5) == pytest.approx(1.15)
    assert slope_with_more(0.8, 0.25) == pytest.approx(0.95)
