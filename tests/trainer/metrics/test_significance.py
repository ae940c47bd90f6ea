"""Differences of trainings against simulation and a t-test; Holm's correction step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from trainer.metrics.significance import difference_of_trainings, error_of_interval, holm


def test_without_chance_over_users_it_is_students_test() -> None:
    own, other = [0.31, 0.35, 0.33], [0.30, 0.29]
    found = difference_of_trainings(own, other, 0.0)
    assert found.p_value == pytest.approx(ttest_ind(own, other).pvalue)
    assert found.mean == pytest.approx(0.33 - 0.295)


def test_without_chance_over_seeds_it_is_a_normal_test() -> None:
    found = difference_of_trainings([0.3, 0.3], [0.2, 0.2], 0.05)
    # Two standard errors.
    assert found.p_value == pytest.approx(0.0455, abs=1e-4)


def test_it_errs_no_more_often_than_it_says() -> None:
    random = np.random.default_rng(0)
    p_values = []
    for _ in range(1000):
        users = random.normal(0.0, 0.01)
        own, other = random.normal(0.0, 0.01, 2) + users, random.normal(0.0, 0.01, 2)
        p_values.append(difference_of_trainings(own, other, 0.01).p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.065


def test_one_training_of_each_says_nothing() -> None:
    with pytest.raises(ValueError, match="Received 1 and 1"):
        difference_of_trainings([0.1], [0.2], 0.01)


def test_an_interval_has_its_error() -> None:
    assert error_of_interval(-1.959964, 1.959964) == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9), st.floats(0.01, 0.2))
def test_holm_rejects_what_its_steps_reject(p_values: list[float], level: float) -> None:
    # The smallest must lie under the level by the number of all, the next by that of the others, until one does not.
    rejected: set[int] = set()
    for step, place in enumerate(np.argsort(p_values, kind="stable").tolist()):
        if p_values[place] * (len(p_values) - step) > level:
            break
        rejected.add(place)
    assert {place for place, value in enumerate(holm(p_values)) if value <= level} == rejected


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.02, 0.01, 0.6]), [0.04, 0.03, 0.6])
