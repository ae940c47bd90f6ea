"""The numbers of a window, against plain Python."""

import math

import numpy as np
import pytest
import tensorflow as tf

from trainer.demand.window_features import CovariateKinds, alike_weeks, window_features

WEEKS, HORIZON, ROWS = 30, 3, 5
KINDS = CovariateKinds(planned=(1, 2), carried=(0,))


def windows(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    units = random.poisson(6, (ROWS, WEEKS)).astype(np.float32)
    units[1, :20] = np.nan
    units[2] = np.nan
    units[3] = 0.0
    recent = random.uniform(0, 0.6, (ROWS, WEEKS, 3)).astype(np.float32)
    recent[:, ::3, 1:] = 0.0
    known = random.uniform(0, 0.6, (ROWS, HORIZON, 3)).astype(np.float32)
    return units, recent, known, np.array([2, 3, 4, 0, 1], np.float32)


def mean(pairs: list[tuple[float, float]]) -> float:
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 1e-6 else 0.0


def test_levels_lags_and_means_are_those_of_plain_python() -> None:
    units, recent, known, like = windows()
    found = window_features(*map(tf.constant, (units, recent, known, like)), KINDS)
    for row in range(ROWS):
        own = [float(value) for value in units[row]]
        there = [float(math.isfinite(value)) for value in own]
        filled = [value if math.isfinite(value) else 0.0 for value in own]
        level = max((sum(filled[-26:]) + 0.5 * like[row]) / (sum(there[-26:]) + 0.5), 0.05)
        assert float(found.level[row]) == pytest.approx(level, rel=1e-5)
        shares = [value / level for value in filled]
        numbers = [math.log(level), math.log1p(like[row]), sum(there) / WEEKS]
        numbers += [math.log1p(share) for share in shares[: -8 - 1 : -1]]
        pairs = list(zip(shares, there, strict=True))
        numbers += [math.log1p(mean(pairs[-weeks:])) for weeks in (2, 4, 8, 13, 26, 52)]
        for decay in (0.5, 0.8, 0.9):
            faded = [(share, one * decay**age) for age, (share, one) in enumerate(reversed(pairs))]
            numbers.append(math.log1p(mean(faded)))
        last = sorted(shares[-8:])
        numbers += [math.log1p(each) for each in (np.median(last), last[-1], last[0])]
        np.testing.assert_allclose(found.facts[row, : len(numbers)], numbers, rtol=2e-4, atol=1e-5)


def test_weeks_planned_alike_are_weighed_by_their_distance() -> None:
    units, recent, known, _ = windows()
    shares, there = np.nan_to_num(units), np.isfinite(units).astype(np.float32)
    planned, coming = recent[..., 1:], known[..., 1:]
    found, total = alike_weeks(*map(tf.constant, (shares, there, planned, coming)), width=0.2, decay=0.9)
    for row in range(ROWS):
        for step in range(HORIZON):
            pairs = []
            for week in range(WEEKS):
                apart = sum((a - b) ** 2 for a, b in zip(planned[row, week], coming[row, step], strict=True))
                weight = math.exp(-apart / (2 * 0.2**2)) * there[row, week] * 0.9 ** (WEEKS - 1 - week)
                pairs.append((float(shares[row, week]), weight))
            assert float(found[row, step]) == pytest.approx(mean(pairs), rel=1e-4, abs=1e-6)
            assert float(total[row, step]) == pytest.approx(sum(weight for _, weight in pairs), rel=1e-4, abs=1e-6)


def test_units_that_double_double_the_level_and_change_nothing_else() -> None:
    units, recent, known, like = windows()
    once = window_features(*map(tf.constant, (units[:2], recent[:2], known[:2], like[:2])), KINDS)
    twice = window_features(*map(tf.constant, (2 * units[:2], recent[:2], known[:2], 2 * like[:2])), KINDS)
    np.testing.assert_allclose(twice.level, 2 * once.level, rtol=1e-6)
    np.testing.assert_allclose(twice.coming, once.coming, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(twice.facts[:, 2:], once.facts[:, 2:], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kinds", [CovariateKinds(), CovariateKinds(carried=(0,)), CovariateKinds(planned=(0,))])
@pytest.mark.parametrize("weeks", [2, 7, 60])
def test_windows_of_any_width_and_covariates_have_finite_numbers(kinds: CovariateKinds, weeks: int) -> None:
    units = np.full((2, weeks), np.nan, np.float32)
    units[1] = 3.0
    recent, known = (np.zeros((2, each, kinds.total), np.float32) for each in (weeks, HORIZON))
    found = window_features(*map(tf.constant, (units, recent, known, np.ones(2, np.float32))), kinds)
    assert all(np.isfinite(each).all() for each in found)
    assert found.coming.shape[:2] == (2, HORIZON)
    assert float(found.level[1]) == pytest.approx(3.0, rel=0.3)
