"""Disguised copies, and a classifier that reads through disguises."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.disguises import undisguised
from tests.trainer.classification.tiny_classifier import LABELS, made_texts
from trainer.classification.augmentation import hardened
from trainer.classification.classifier import Classifier, new_head
from trainer.classification.disguising import DISGUISES, with_lookalikes
from trainer.classification.export import module_of
from trainer.classification.linear.fused import FusedClassifier
from trainer.classification.options import HeadOptions, RobustnessOptions
from trainer.options import TextOptions
from trainer.text.backbone import load_text_encoder


def test_each_text_gets_copies_with_its_label_and_numbers() -> None:
    learned, validated = made_texts(30, 1, numbers=2), made_texts(5, 2)
    options = RobustnessOptions(disguised_copies=2, disguised_share=1.0)
    made, judged = hardened(learned, validated, options, seed=4)
    assert judged.texts == validated.texts
    assert made.texts[:30] == learned.texts
    assert len(made) == 90
    np.testing.assert_array_equal(made.labels.reshape(3, 30), np.tile(learned.labels, (3, 1)))
    np.testing.assert_array_equal(made.numbers.reshape(3, 30, 2), np.tile(learned.numbers, (3, 1, 1)))
    assert sum(copy != text for copy, text in zip(made.texts[30:], learned.texts * 2, strict=True)) > 50
    assert hardened(learned, validated, options, seed=4)[0].texts == made.texts
    read, judged = hardened(learned, validated, RobustnessOptions(undisguise=True, disguised_copies=1), seed=4)
    assert (len(read), len(judged)) == (60, 5)
    # The made texts have single letters in a row now and then, which are read as one word.
    for text, written in zip([*read.texts[:30], *judged.texts], [*learned.texts, *validated.texts], strict=True):
        assert text.replace(" ", "") == written.replace(" ", "")
    assert all(text.isascii() for text in read.texts)


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("abcdeimops BO"), max_size=40), st.integers(0, 2**31))
def test_lookalikes_are_seen_through(text: str, seed: int) -> None:
    made = with_lookalikes(text, 0.4, np.random.default_rng(seed))
    found, honest = undisguised(tf.constant([made, text])).numpy().tolist()
    # Where more than half of the letters are of another script, they might as well be meant.
    assert found == honest or sum(letter.isascii() for letter in made) < len(made)


@pytest.mark.parametrize("name", sorted(DISGUISES))
def test_a_disguise_changes_a_text_that_has_words_and_nothing_of_none(name: str) -> None:
    random = np.random.default_rng(0)
    assert DISGUISES[name]("", 1.0, random) == ""
    text = "the kettle leaks and the handle broke"
    assert DISGUISES[name](text, 1.0, random) != text
    assert DISGUISES[name](text, 1e-12, random) == text


def test_a_hardened_model_answers_the_same_before_and_after_a_disguise(tiny_bert: Path) -> None:
    encoder = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))
    head = new_head(encoder, np.zeros((1, 0), np.float32), len(LABELS), HeadOptions())
    classifier = FusedClassifier(LABELS, Classifier(encoder, head, LABELS))
    texts = tf.constant(["red milk", "red m i l k", "rеd mіlk"])
    for undisguises in (True, False):
        module = module_of(classifier, undisguises=undisguises)
        honest, *others = module.evaluate(texts)["probabilities"].numpy()
        assert [np.allclose(each, honest, atol=1e-6) for each in others] == [undisguises] * 2
    shown = module_of(classifier, undisguises=True).explain(texts)["tokens"].numpy()
    assert b" ".join(shown[1].tolist()).split() == [b"red", b"milk"]
