"""The size of uplifts by a regression, drawn to what it was."""

import numpy as np
import pytest

from trainer.response.uplift.calibration import fit_slope


def test_many_rows_give_the_slope_of_a_regression():
    generator = np.random.default_rng(0)
    deviation = generator.normal(size=50_000)
    score, weight = 2.5 * deviation + generator.normal(3.0, 1.0, 50_000), generator.uniform(0.5, 1.5, 50_000)
    assert fit_slope(score, deviation, weight) == pytest.approx(2.5, abs=0.03)
    assert fit_slope(-score, deviation, weight) == 0.0


def test_few_rows_leave_it_near_one():
    generator = np.random.default_rng(1)
    slopes = [fit_slope(generator.normal(size=20), 0.01 * generator.normal(size=20), np.ones(20)) for _ in range(50)]
    assert np.abs(np.array(slopes) - 1.0).max() < 0.2
    assert fit_slope(np.zeros(3), np.ones(3), np.ones(3)) == 1.0
