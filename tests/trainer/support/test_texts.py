"""Sentences of answers, names as words, and wishes."""

import numpy as np

from trainer.support.building import commonness
from trainer.support.pieces import name_as_words, pieces_of, sentences
from trainer.support.wishes import fit_wishes, made_wishes


def test_sentences_end_as_each_script_ends_them() -> None:
    assert sentences("Call us. We help! Is 3.5 much?") == ["Call us.", "We help!", "Is 3.5 much?"]
    assert sentences("您可以退货。请带上收据！谢谢") == ["您可以退货。", "请带上收据！"]
    assert sentences("no end") == ["no end"]
    assert sentences("?") == ["?"]
    texts, owners = pieces_of(["One here. Two here.", "Three"])
    assert (texts, owners.tolist()) == (["One here.", "Two here.", "Three"], [0, 0, 1])
    assert len(sentences("Too many. " * 50)) == 12


def test_names_become_words() -> None:
    assert (
        name_as_words("cancel_order") == name_as_words("cancelOrder") == name_as_words("cancel-order") == "cancel order"
    )
    assert name_as_words("退货") == "退货"


def test_wishes_take_the_phrases_in_turn() -> None:
    assert made_wishes(["tea", "milk", "茶"], ["{}", "have you {}?"]) == ["tea", "have you milk?", "茶"]


def test_few_questions_are_taken_for_wishes() -> None:
    random = np.random.default_rng(0)
    wishes = random.normal(0.3, 1.0, size=(200, 8)).astype(np.float32)
    questions = random.normal(-0.3, 1.0, size=(300, 8)).astype(np.float32)
    head = fit_wishes(wishes, questions, 0)
    assert head is not None
    assert head.mistaken <= 0.02
    assert (questions @ head.weights + head.bias > 0.0).mean() <= 0.03
    assert fit_wishes(wishes[:5], questions, 0) is None


def test_common_answers_are_near_to_questions_of_others() -> None:
    random = np.random.default_rng(1)
    questions, answers = (
        each / np.linalg.norm(each, axis=1, keepdims=True)
        for each in (random.normal(size=(2000, 5)).astype(np.float32), random.normal(size=(7, 5)).astype(np.float32))
    )
    owners = random.integers(7, size=2000).astype(np.int32)
    found = commonness(questions, owners, answers)
    for answer in range(7):
        cosines = np.sort(questions[owners != answer] @ answers[answer])[-10:]
        np.testing.assert_allclose(found[answer], cosines.mean(), rtol=1e-5)
    assert not commonness(questions[:1], owners[:1], answers).any()
