"""Bootstrap intervals against SciPy's and the normal approximation."""

import math

import numpy as np
import pytest
from scipy import stats

from trainer.metrics.bootstrap import bootstrap_intervals


@pytest.mark.parametrize(("users", "resamples"), [(150, 200), (150, 1_000), (60_000, 20)])
def test_intervals_equal_scipys(users, resamples):
    values = np.random.default_rng(0).normal([0.3, -1.0, 0.0], [2.0, 0.1, 1.0], size=(users, 3))
    for column, interval in zip(values.T, bootstrap_intervals(values, seed=4, resamples=resamples), strict=True):
        # SciPy draws the same users, because it draws as many at a time from the same generator.
        theirs = stats.bootstrap(
            (column,), np.mean, n_resamples=resamples, method="percentile", rng=np.random.default_rng(4)
        ).confidence_interval
        assert interval == pytest.approx((column.mean(), theirs.low, theirs.high))


def test_intervals_match_the_normal_approximation():
    values = np.random.default_rng(0).normal(0.3, 2.0, size=(4000, 1))
    interval = bootstrap_intervals(values, seed=1)[0]
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert interval.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.15 * half)
    assert [interval] == bootstrap_intervals(values, seed=1)
    assert [interval] != bootstrap_intervals(values, seed=2)


def test_intervals_of_few_or_equal_values():
    equal, other = bootstrap_intervals(np.column_stack([np.full(5, 0.1), np.arange(5.0)]), seed=0)
    assert equal.low == equal.mean == equal.high == pytest.approx(0.1)
    assert other.low < other.mean < other.high
    one = bootstrap_intervals(np.array([[0.5, 1.5]]), seed=0)
    assert [interval.mean for interval in one] == [0.5, 1.5]
    assert all(math.isnan(interval.low) and math.isnan(interval.high) for interval in one)
    none = bootstrap_intervals(np.zeros((0, 2)), seed=0)
    assert [math.isnan(interval.mean) for interval in none] == [True, True]
    with pytest.raises(ValueError, match="should be finite"):
        bootstrap_intervals(np.array([[0.1], [math.nan]]), seed=0)
