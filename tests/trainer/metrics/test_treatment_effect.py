"""The effect of a treatment against Welch's interval and the bootstrap."""

import math

import numpy as np
import pytest
from scipy import stats

from trainer.metrics.treatment_effect import treatment_effect
from trainer.metrics.uplift import RankedRows


def test_with_equal_propensities_it_is_welchs_interval():
    generator = np.random.default_rng(0)
    outcomes, treated = generator.gamma(1.0, size=5000), generator.random(5000) < 0.3
    found = treatment_effect(outcomes, treated, np.where(treated, 0.3, 0.7))
    theirs = stats.ttest_ind(outcomes[treated], outcomes[~treated], equal_var=False).confidence_interval()
    assert found.mean == pytest.approx(outcomes[treated].mean() - outcomes[~treated].mean())
    assert found[1:] == pytest.approx((theirs.low, theirs.high), abs=1e-4)


def test_with_other_propensities_it_is_near_the_bootstrap():
    generator = np.random.default_rng(1)
    kind = generator.random(4000) < 0.5
    chance = np.where(kind, 0.8, 0.3)
    treated = generator.random(4000) < chance
    # The treatment adds 0.1, and goes mostly to those who respond anyway.
    outcomes = (generator.random(4000) < 0.1 + 0.3 * kind + 0.1 * treated).astype(float)
    propensities = np.where(treated, chance, 1.0 - chance)
    found = treatment_effect(outcomes, treated, propensities)
    assert found.low < 0.1 < found.high
    assert treatment_effect(outcomes, treated).low > 0.15
    again = RankedRows(np.zeros(4000), outcomes, treated, propensities).intervals([1.0], seed=0)["uplift_at_100"]
    assert found == pytest.approx(again, abs=0.003)


def test_too_few_rows_have_no_interval():
    assert math.isnan(treatment_effect(np.ones(3), np.ones(3, bool)).mean)
    one = treatment_effect(np.array([1.0, 0.0, 0.0]), np.array([True, False, False]))
    assert one.mean == 1.0
    assert math.isnan(one.low)
