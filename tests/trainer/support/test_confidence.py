"""The threshold below which a question is handed over, against every threshold there is."""

import numpy as np
import pytest

from trainer.support.confidence import NEVER, learn_confidence, least_sure


def brute_force(sure: np.ndarray, right: np.ndarray, most: float) -> float:
    allowed = [each for each in sure if ((~right[sure >= each]).sum() + 1) / ((sure >= each).sum() + 1) <= most]
    return min(allowed, default=NEVER)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_lowest_that_allows_few_wrong_answers(seed: int) -> None:
    random = np.random.default_rng(seed)
    sure = np.round(random.uniform(size=80), 2)
    right = random.uniform(size=80) < sure**0.3
    for most in (0.05, 0.2):
        assert least_sure(sure, right, most) == brute_force(sure, right, most)


def test_a_handful_of_right_answers_proves_nothing() -> None:
    assert least_sure(np.full(18, 0.9), np.ones(18, bool), 0.05) == NEVER
    assert least_sure(np.full(19, 0.9), np.ones(19, bool), 0.05) == 0.9
    assert least_sure(np.zeros(0), np.zeros(0, bool), 0.05) == NEVER


def test_confidence_says_how_often_answers_are_right() -> None:
    random = np.random.default_rng(0)
    odds = random.normal(1.0, 2.0, size=(4000, 1))
    signs = np.concatenate([odds, random.normal(size=(4000, 3))], axis=1)
    right = random.uniform(size=4000) < 1.0 / (1.0 + np.exp(-0.5 * odds[:, 0]))
    learned = learn_confidence(signs[:2000], right[:2000], 0.1)
    found = learned.probabilities(signs[2000:])
    np.testing.assert_allclose(found.mean(), right[2000:].mean(), atol=0.05)
    given = found >= learned.threshold
    assert given.any()
    assert (~right[2000:][given]).mean() < 0.15


def test_with_few_questions_the_best_answers_probability_is_taken() -> None:
    signs = np.array([[2.0, 9.0, 9.0, 9.0], [-1.0, 0.0, 0.0, 0.0]])
    learned = learn_confidence(signs, np.array([True, False]), 0.5)
    np.testing.assert_allclose(learned.probabilities(signs), 1.0 / (1.0 + np.exp([-2.0, 1.0])))
