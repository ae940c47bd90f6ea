"""Temperature scaling and the calibration error against other ways to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from trainer.classification.calibration import expected_calibration_error, fit_temperature


def test_logits_that_were_made_too_large_are_made_small_again() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, 3))
    labels = np.array([random.choice(3, p=row) for row in softmax(logits, axis=1)])
    assert fit_temperature(4.0 * logits, labels) == pytest.approx(4.0, rel=0.05)
    scaled = softmax(logits, axis=1)
    assert expected_calibration_error(scaled, labels) < 0.02
    assert expected_calibration_error(softmax(4.0 * logits, axis=1), labels) > 0.1


def test_it_is_the_best_of_a_grid() -> None:
    random = np.random.default_rng(1)
    logits, labels = random.normal(size=(50, 4)), random.integers(4, size=50)
    targets = np.where(np.eye(4)[labels] > 0, 1 - 1 / 52, 1 / 52 / 3)

    def loss(value: float) -> float:
        return float(-(targets * log_softmax(logits / value, axis=1)).sum())

    assert loss(fit_temperature(logits, labels)) <= min(map(loss, np.geomspace(0.05, 20.0, 4000))) + 1e-5


def test_a_few_texts_that_are_all_right_make_nothing_sure() -> None:
    labels = np.arange(20) % 2
    logits = np.eye(2)[labels] * 3.0
    scaled = softmax(logits / fit_temperature(logits, labels), axis=1)
    # All texts alike: the best probability is the target itself.
    np.testing.assert_allclose(scaled.max(axis=1), 1 - 1 / 22, rtol=1e-4)


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    labels = np.array([0, 1, 1])
    # Two texts at 0.9 of which one is right, and one at 0.6 that is right.
    assert expected_calibration_error(probabilities, labels) == pytest.approx((2 * 0.4 + 0.4) / 3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 6), st.integers(1, 40))
def test_calibration_error_is_a_share(seed: int, classes: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    probabilities, labels = (
        softmax(3 * random.normal(size=(rows, classes)), axis=1),
        random.integers(classes, size=rows),
    )
    assert 0.0 <= expected_calibration_error(probabilities, labels) <= 1.0
