"""The threshold below which a question is handed over, against every threshold there is."""

import numpy as np
import pytest
import tensorflow as tf

from serving.support.scorer import FEATURES, TEXT
from serving.support.sureness import signs_of
from trainer.support.confidence import NEVER, learn_confidence, learn_when_sure, least_sure
from trainer.support.fusion import Candidates
from trainer.support.options import AnsweringOptions


def brute_force(sure: np.ndarray, right: np.ndarray, counts: np.ndarray, most: float) -> float:
    def wrong_at(least: float) -> float:
        given = sure >= least
        return float((counts[given & ~right].sum() + 1) / (counts[given].sum() + 1))

    return min((each for each in sure if wrong_at(each) <= most), default=NEVER)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_lowest_that_allows_few_wrong_answers(seed: int) -> None:
    random = np.random.default_rng(seed)
    sure = np.round(random.uniform(size=80), 2)
    right = random.uniform(size=80) < sure**0.3
    for most in (0.05, 0.2):
        for counts in (np.ones(80), random.uniform(0.1, 2.0, size=80)):
            assert least_sure(sure, right, counts, most) == brute_force(sure, right, counts, most)


def test_a_handful_of_right_answers_proves_nothing() -> None:
    assert least_sure(np.full(18, 0.9), np.ones(18, bool), np.ones(18), 0.05) == NEVER
    assert least_sure(np.full(19, 0.9), np.ones(19, bool), np.ones(19), 0.05) == 0.9
    assert least_sure(np.zeros(0), np.zeros(0, bool), np.zeros(0), 0.05) == NEVER


def test_confidence_says_how_often_answers_are_right() -> None:
    random = np.random.default_rng(0)
    odds = random.normal(1.0, 2.0, size=(4000, 1))
    signs = np.concatenate([odds, random.normal(size=(4000, 3))], axis=1)
    right = random.uniform(size=4000) < 1.0 / (1.0 + np.exp(-0.5 * odds[:, 0]))
    learned = learn_confidence(signs[:2000], right[:2000], np.ones(2000), 0.1)
    found = learned.probabilities(signs[2000:])
    np.testing.assert_allclose(found.mean(), right[2000:].mean(), atol=0.05)
    given = found >= learned.threshold
    assert given.any()
    assert (~right[2000:][given]).mean() < 0.15


def test_with_few_questions_the_best_answers_probability_is_taken() -> None:
    signs = np.array([[2.0, 9.0, 9.0, 9.0], [-1.0, 0.0, 0.0, 0.0]])
    learned = learn_confidence(signs, np.array([True, False]), np.ones(2), 0.5)
    np.testing.assert_allclose(learned.probabilities(signs), 1.0 / (1.0 + np.exp([-2.0, 1.0])))


def test_a_question_that_counts_twice_is_as_two_questions() -> None:
    random = np.random.default_rng(1)
    signs = random.normal(size=(200, 4))
    right = random.uniform(size=200) < 1.0 / (1.0 + np.exp(-signs[:, 0]))
    twice = np.arange(200) < 100
    counted = learn_confidence(signs, right, np.where(twice, 2.0, 1.0), 0.3)
    rows = np.concatenate([np.arange(200), np.flatnonzero(twice)])
    repeated = learn_confidence(signs[rows], right[rows], np.ones(300), 0.3)
    # The deviation that signs are divided by counts each once, and regularisation reads it.
    np.testing.assert_allclose(counted.probabilities(signs), repeated.probabilities(signs), atol=0.01)


def asked(questions: int, seed: int) -> Candidates:
    """Ten answers, of which the right one is the nearest by text most of the time."""
    random = np.random.default_rng(seed)
    features = np.zeros((questions, 10, len(FEATURES)))
    place = random.integers(10, size=questions)
    features[:, :, FEATURES.index(TEXT)] = random.uniform(0.0, 0.5, size=(questions, 10))
    features[np.arange(questions), place, FEATURES.index(TEXT)] += random.uniform(0.1, 0.6, size=questions)
    return Candidates(features=features, allowed=np.ones((questions, 10), bool), place=place)


def test_few_questions_without_an_answer_are_answered() -> None:
    """Of answers to questions of which a third has none, few enough are wrong; without that in mind, more are."""
    known, fresh = asked(1000, 0), asked(3000, 1)
    weights = np.where(np.array(FEATURES) == TEXT, 12.0, 0.0)
    wrong, kept = {}, {}
    for share in (0.0, 1.0 / 3.0):
        options = AnsweringOptions(max_wrong=0.1, unanswerable=share)
        confidence, answered_without = learn_when_sure(known, known.scores(weights), options)
        scores = fresh.scores(weights)
        unanswerable = np.arange(3000) % 3 == 0
        scores[unanswerable, fresh.place[unanswerable]] = -np.inf
        text = fresh.features[:, :, FEATURES.index(TEXT)]
        signs = signs_of(*(tf.constant(each, tf.float32) for each in (scores, text, 0.0 * text))).numpy()
        given = confidence.probabilities(signs.astype(np.float64)) >= confidence.threshold
        wrong[share] = float(((scores.argmax(1) != fresh.place) | unanswerable)[given].mean())
        kept[share] = float(given[unanswerable].mean())
        assert kept[share] == pytest.approx(answered_without, abs=0.05)
    assert wrong[1.0 / 3.0] < 0.13 < wrong[0.0]
    assert kept[1.0 / 3.0] < 0.5 * kept[0.0]


def test_no_question_says_nothing() -> None:
    nothing = asked(0, 0)
    confidence, answered_without = learn_when_sure(nothing, np.zeros((0, 10)), AnsweringOptions())
    assert (confidence.threshold, answered_without) == (NEVER, None)
