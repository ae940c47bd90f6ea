"""Weights of the signs: what misleads gets none, and few questions change little."""

import numpy as np

from serving.support.scorer import FEATURES, OF_QUESTIONS
from trainer.support.fusion import PRIOR, Candidates, learn_weights, without_known_questions

TEXT, WORDS = FEATURES.index("text"), FEATURES.index("words")


def candidates(questions: int, *, words_mislead: bool, seed: int = 0) -> Candidates:
    """The text tells the right one of ten answers most of the time; words tell a wrong one, or the right one."""
    random = np.random.default_rng(seed)
    features = np.zeros((questions, 10, len(FEATURES)))
    place = random.integers(10, size=questions)
    features[:, :, TEXT] = random.uniform(0.0, 0.6, size=(questions, 10))
    features[np.arange(questions), place, TEXT] += 0.3
    pointed = (place + random.integers(1, 10, size=questions)) % 10 if words_mislead else place
    features[np.arange(questions), pointed, WORDS] = 1.0
    return Candidates(features=features, allowed=np.ones((questions, 10), bool), place=place)


def test_words_that_mislead_count_nothing_and_words_that_help_count() -> None:
    misled = learn_weights(candidates(400, words_mislead=True), 0)
    assert misled.weights["words"] < 0.01
    helped = learn_weights(candidates(400, words_mislead=False), 0)
    assert helped.weights["words"] > PRIOR["words"]
    assert helped.mrr["with_words"] > helped.mrr["without_words"]
    assert all(weight >= 0.0 for each in (misled, helped) for weight in each.weights.values())


def test_without_questions_the_weights_are_the_prior() -> None:
    nothing = candidates(0, words_mislead=True)
    assert learn_weights(nothing, 0).weights == dict(PRIOR)


def test_learned_weights_are_a_minimum_of_the_loss() -> None:
    """No weight can be moved a little, within what is allowed, to a lower loss."""
    given = candidates(60, words_mislead=False, seed=3)
    names = list(FEATURES)
    found = np.array([learn_weights(given, 0).weights[name] for name in names])
    prior = np.array([PRIOR[name] for name in names])

    def loss(weights: np.ndarray) -> float:
        scores = given.features @ weights
        own = np.take_along_axis(scores, given.place[:, np.newaxis], axis=1)[:, 0]
        away = (weights - prior) / (np.abs(prior) + 1.0)
        return float((np.log(np.exp(scores).sum(axis=1)) - own).mean() + 0.5 * 20.0 / 60 * (away**2).sum())

    for place in range(len(names)):
        for step in (-0.05, 0.05):
            moved = found.copy()
            moved[place] = max(0.0, moved[place] + step)
            assert loss(moved) >= loss(found) - 1e-6


def test_known_questions_are_hidden_from_few_questions_that_cannot_have_any() -> None:
    few = candidates(20, words_mislead=False)
    columns = [FEATURES.index(name) for name in OF_QUESTIONS]
    few.features[:, :, columns] = 0.5
    alone = np.arange(20) < 5
    hidden = without_known_questions(few, alone)
    assert not hidden.features[:5][:, :, columns].any()
    assert (hidden.features[5:][:, :, columns] == 0.5).all()
    many = candidates(300, words_mislead=False)
    assert without_known_questions(many, np.arange(300) < 75) is many
    # An answer a question: what is hidden from most would have taught nothing.
    assert without_known_questions(few, np.arange(20) < 11) is few
