"""Uplift curve, Qini and uplift@k against brute force, by hand, and by what must not change them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.metrics.uplift import RankedRows


def drawn_rows(seed, rows, distinct=None, propensities=False):
    generator = np.random.default_rng(seed)
    predicted = generator.normal(size=rows) if distinct is None else generator.integers(distinct, size=rows) / 7.0
    chance = generator.uniform(0.2, 0.8, size=rows) if propensities else np.full(rows, 0.5)
    treated = generator.random(rows) < chance
    outcomes = (generator.random(rows) < 0.2 + 0.1 * treated * (predicted > 0.0)).astype(float)
    return predicted, outcomes, treated, np.where(treated, chance, 1.0 - chance)


def mean_difference(outcomes, treated, weights):
    """Mean outcome of the treated minus the others', row by row."""
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for outcome, arm, weight in zip(outcomes, treated, weights, strict=True):
        sums[bool(arm)][0] += weight * outcome
        sums[bool(arm)][1] += weight
    if not sums[True][1] or not sums[False][1]:
        return math.nan
    return sums[True][0] / sums[True][1] - sums[False][0] / sums[False][1]


def brute_force_qini(predicted, outcomes, treated, propensities):
    points = [(0.0, 0.0)]
    for cut in sorted(set(predicted), reverse=True):
        first = predicted >= cut
        difference = mean_difference(outcomes[first], treated[first], 1.0 / propensities[first])
        if not math.isnan(difference):
            points.append((first.mean(), treated[first].sum() * difference / len(predicted)))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))
    return area - points[-1][1] / 2


def brute_force_uplift_at(predicted, outcomes, treated, propensities, share):
    """Each row of the step at the cut counts for the part of the step that is wanted."""
    wanted = share * len(predicted)
    parts = []
    for value in predicted:
        before, equal = (predicted > value).sum(), (predicted == value).sum()
        parts.append(min(1.0, max(0.0, (wanted - before) / equal)))
    return mean_difference(outcomes, treated, np.array(parts) / propensities)


@pytest.mark.parametrize("distinct", [None, 5, 1])
@pytest.mark.parametrize("propensities", [False, True])
@pytest.mark.parametrize("rows", [7, 200])
def test_measures_equal_brute_force(rows, propensities, distinct):
    data = drawn_rows(rows, rows, distinct, propensities)
    ranked = RankedRows(*data)
    assert ranked.qini() == pytest.approx(brute_force_qini(*data), abs=1e-12)
    for share in (0.1, 0.3, 1.0):
        assert ranked.uplift_at(share) == pytest.approx(brute_force_uplift_at(*data, share), abs=1e-12, nan_ok=True)


def test_qini_by_hand():
    # Of four treated and four others the model puts those first whom the treatment moves.
    ranked = RankedRows(
        np.array([4, 4, 3, 3, 2, 2, 1, 1]),
        np.array([1, 0, 1, 0, 0, 0, 0, 1]),
        np.array([True, False] * 4),
    )
    curve = ranked.curve()
    np.testing.assert_allclose(curve.share, [0, 0.25, 0.5, 0.75, 1])
    # Treated so far, times the difference of the means, over 8: 1·1, 2·1, 3·2/3, 4·(1/2 - 1/4).
    np.testing.assert_allclose(curve.gain, np.array([0, 1, 2, 2, 1]) / 8)
    # The area is 0.25 (0.5 + 1.5 + 2 + 1.5) / 8, less the triangle under the line to 1/8.
    assert ranked.qini() == pytest.approx(0.25 * 5.5 / 8 - 1 / 16)
    assert ranked.uplift_at(0.5) == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.sampled_from([None, 1, 4]))
@settings(max_examples=30, deadline=None)
def test_order_of_rows_and_monotone_transforms_change_nothing(seed, distinct):
    predicted, outcomes, treated, propensities = drawn_rows(seed, 60, distinct, propensities=True)
    first = RankedRows(predicted, outcomes, treated, propensities)
    order = np.random.default_rng(seed).permutation(60)
    moved = RankedRows(np.exp(3.0 * predicted[order]) - 8.0, outcomes[order], treated[order], propensities[order])
    assert moved.qini() == pytest.approx(first.qini(), abs=1e-12, nan_ok=True)
    assert moved.uplift_at(0.3) == pytest.approx(first.uplift_at(0.3), abs=1e-12, nan_ok=True)


def test_a_constant_model_has_a_qini_of_zero_in_any_order():
    _, outcomes, treated, _ = drawn_rows(1, 300)
    for order in (np.arange(300), np.argsort(treated), np.argsort(-outcomes)):
        constant = RankedRows(np.full(300, 0.3), outcomes[order], treated[order])
        assert constant.qini() == pytest.approx(0.0, abs=1e-15)
        assert constant.uplift_at(0.1) == pytest.approx(outcomes[treated].mean() - outcomes[~treated].mean())
        assert set(constant.intervals([], seed=0, resamples=50)["qini"]) == {0.0}


def test_an_arm_without_rows_is_unknown():
    ranked = RankedRows(np.arange(5), np.ones(5), np.ones(5, bool))
    assert math.isnan(ranked.qini())
    assert math.isnan(ranked.uplift_at(0.5))
    assert all(math.isnan(value) for value in ranked.intervals([0.3], seed=0, resamples=20)["uplift_at_30"])


def test_intervals_equal_measures_of_resampled_rows():
    data = drawn_rows(3, 150, distinct=20, propensities=True)
    found = RankedRows(*data).intervals([0.3], seed=5, resamples=60)
    # The same draws, as one block of the generator gives them.
    drawn = np.random.default_rng(5).integers(150, size=(60, 150))
    again = [RankedRows(*(each[rows] for each in data)) for rows in drawn]
    for name, values in {
        "qini": [each.qini() for each in again],
        "uplift_at_30": [each.uplift_at(0.3) for each in again],
    }.items():
        assert found[name][1:] == pytest.approx(np.percentile(values, [2.5, 97.5]))


def test_rows_of_one_customer_are_drawn_together():
    data = drawn_rows(4, 200)
    alone = RankedRows(*data).intervals([0.5], seed=0, resamples=300)["uplift_at_50"]
    repeated = RankedRows(*(np.tile(each, 9) for each in data))
    together = repeated.intervals([0.5], seed=0, resamples=300, groups=np.tile(np.arange(200), 9))["uplift_at_50"]
    assert together == pytest.approx(alone)
    apart = repeated.intervals([0.5], seed=0, resamples=300)["uplift_at_50"]
    assert apart.high - apart.low < 0.5 * (alone.high - alone.low)


def test_intervals_hold_the_true_value_as_often_as_they_say():
    # An order at random has a true Qini of 0.
    held = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        treated = generator.random(400) < 0.5
        outcomes = (generator.random(400) < 0.2 + 0.1 * treated).astype(float)
        interval = RankedRows(generator.normal(size=400), outcomes, treated).intervals([], seed, 200)["qini"]
        held += interval.low <= 0.0 <= interval.high
    assert 88 <= held <= 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcomes": np.ones(3)}, "same number of rows"),
        ({"predicted": np.array([1.0, np.nan])}, "should be finite"),
        ({"propensities": np.array([0.0, 0.5])}, "above 0 and at most 1"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = {"predicted": np.ones(2), "outcomes": np.ones(2), "treated": np.array([True, False])} | change
    with pytest.raises(ValueError, match=message):
        RankedRows(**arguments)
