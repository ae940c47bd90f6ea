"""Gaps between groups: errors against simulation, and macro-F1 against scikit-learn."""

import numpy as np
import pytest
from scipy.stats import ttest_ind
from sklearn.metrics import confusion_matrix, f1_score

from trainer.metrics.gaps import macro_f1_gap, mean_gap, share_gap


def test_means_are_compared_as_welch_does() -> None:
    random = np.random.default_rng(0)
    own, others = random.normal(0.1, 1.0, 900), random.normal(0.0, 2.0, 4000)
    expected = ttest_ind(own, others, equal_var=False)
    gap = mean_gap(own, others)
    assert gap.difference == pytest.approx(own.mean() - others.mean())
    assert gap.p_value == pytest.approx(expected.pvalue, rel=0.02)
    assert gap.shortfall_p_value(0.0) == pytest.approx(1.0 - expected.pvalue / 2.0, rel=0.02)
    assert gap.shortfall_p_value(0.5) > gap.shortfall_p_value(0.0)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_intervals_of_shares_hold_what_they_say_in_small_groups(share: float) -> None:
    random = np.random.default_rng(1)
    held = false_alarms = 0
    for _ in range(1000):
        gap = share_gap(random.binomial(40, share), 40, random.binomial(300, share), 300)
        low, high = gap.interval
        held += low <= 0.0 <= high
        false_alarms += gap.p_value <= 0.05
    assert held >= 930
    assert false_alarms <= 70


def test_where_all_are_right_nothing_is_certain() -> None:
    assert share_gap(30, 30, 30, 30).p_value == pytest.approx(1.0)
    assert share_gap(30, 30, 30, 30).error > 0.01


def judged(random: np.random.Generator, rows: int, right: float) -> tuple[np.ndarray, np.ndarray]:
    true = random.integers(3, size=rows)
    return true, np.where(random.random(rows) < right, true, random.integers(3, size=rows))


def test_macro_f1_is_that_of_scikit_learn_and_its_error_that_of_new_draws() -> None:
    random = np.random.default_rng(2)
    drawn, errors = [], []
    for _ in range(200):
        (true, found), (other_true, other_found) = judged(random, 200, 0.7), judged(random, 400, 0.8)
        gap = macro_f1_gap(confusion_matrix(true, found), confusion_matrix(other_true, other_found), seed=0)
        assert gap is not None
        expected = f1_score(true, found, average="macro") - f1_score(other_true, other_found, average="macro")
        assert gap.difference == pytest.approx(expected)
        drawn.append(gap.difference)
        errors.append(gap.error)
    assert np.mean(errors) == pytest.approx(np.std(drawn), rel=0.15)


def test_a_perfect_model_has_no_gap_where_a_group_lacks_a_label() -> None:
    assert macro_f1_gap(np.diag([50, 50, 0]), np.diag([90, 80, 70]), seed=0) is None
    gap = macro_f1_gap(np.diag([50, 50, 0]), np.diag([90, 80, 0]), seed=0)
    assert gap is not None
    assert gap.difference == 0.0
    assert gap.p_value == 1.0
