"""The served classifier: its signatures, odd texts, and reasons that add up."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from serving.classification.module import MAX_TEXT_CHARACTERS, beginning
from serving.reasons.explanation import attributions
from tests.trainer.classification.tiny_classifier import LABELS, WORDS, made_texts, trained
from trainer.classification.classifier import Classifier
from trainer.classification.export import export_classification, served_classifier
from trainer.classification.linear.fused import FusedClassifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("classifier")


@pytest.fixture(scope="module")
def classifier(folder: Path, tiny_bert: Path) -> Classifier:
    classifier, summary = trained(folder / "log", tiny_bert, "full")
    export_classification(str(folder / "served"), FusedClassifier(LABELS, classifier), summary)
    return classifier


@pytest.fixture(scope="module")
def model(folder: Path, classifier: Classifier) -> Any:
    return tf.saved_model.load(str(folder / "served"))


def ask(model: Any, signature: str, texts: list[str]) -> dict[str, np.ndarray]:
    answer = model.signatures[signature](text=tf.constant(texts, tf.string, [len(texts)]))
    return {name: value.numpy() for name, value in answer.items()}


def test_labels_come_best_first_and_are_those_of_evaluate(model: Any, classifier: Classifier) -> None:
    texts = made_texts(20, 5)
    expected = classifier.probabilities(texts.texts)
    np.testing.assert_allclose(ask(model, "evaluate", texts.texts)["probabilities"], expected, atol=1e-4)
    best, every = ask(model, "serving_default", texts.texts), ask(model, "evaluate", texts.texts)["probabilities"]
    order = np.argsort(-every, axis=1, kind="stable")
    assert best["labels"].tolist() == [[LABELS[place].encode() for place in row] for row in order]
    np.testing.assert_allclose(best["probabilities"], np.take_along_axis(every, order, axis=1), rtol=1e-6)
    np.testing.assert_allclose(every.sum(axis=1), 1.0, rtol=1e-5)
    assert (order[:, 0] == texts.labels).mean() > 0.9


def test_it_says_what_it_is(folder: Path, classifier: Classifier) -> None:
    card = json.loads((folder / "served/assets.extra/model_card.json").read_text())
    assert card["labels"] == list(LABELS)
    assert card["training"]["eval"]["f1_macro"] > 0.9
    assert card["limits"] == {"tokens": 16, "characters": MAX_TEXT_CHARACTERS, "labels": 3}


def test_odd_texts_get_answers(model: Any) -> None:
    odd = ["", " \n", "\U0001f600", "\0\x01", "?!", "x" * 100_000, "milk " * 20_000, "a\ufffdb"]
    for signature in ("serving_default", "evaluate", "explain"):
        answer = ask(model, signature, odd)
        for value in answer.values():
            assert len(value) == len(odd)
            if value.dtype == np.float32:
                assert np.isfinite(value).all()
    raw = model.signatures["serving_default"](text=tf.constant([b"\xff\xfe milk"]))
    assert raw["labels"].shape == (1, len(LABELS))
    assert ask(model, "serving_default", [])["labels"].shape == (0, len(LABELS))


def test_of_a_long_text_the_beginning_is_read(model: Any) -> None:
    assert beginning(tf.constant(["牛" * 100_000])).numpy()[0].decode() == "牛" * MAX_TEXT_CHARACTERS
    assert beginning(tf.constant(["a\tb" * 50_000])).numpy()[0].decode() == ("a b" * 50_000)[:MAX_TEXT_CHARACTERS]
    long, short = "red milk" + " a" * 49_996, "red milk" + " a" * 100
    answer = ask(model, "evaluate", [long, short])["probabilities"]
    np.testing.assert_allclose(answer[0], answer[1], rtol=1e-5)


def test_reasons_add_up_and_name_the_word(model: Any, classifier: Classifier) -> None:
    texts = made_texts(30, 6).texts
    answer = ask(model, "explain", texts)
    parts = served_classifier(classifier)
    tokens = parts.tokenize(tf.constant(texts))
    masked = tf.where(tokens.shown, parts.neutral_token, tokens.ids)
    probabilities, neutral = (
        parts.classify_tokens(ids, tokens.mask, tf.zeros([len(texts), 0])).numpy() for ids in (tokens.ids, masked)
    )
    best = probabilities.argmax(axis=1)
    rows = np.arange(len(texts))
    differences = probabilities[rows, best] - neutral[rows, best]
    np.testing.assert_allclose(answer["attributions"].sum(axis=1), differences, atol=0.02)
    for text, phrases, added in zip(texts, answer["tokens"], answer["attributions"], strict=True):
        shown = [phrase.decode() for phrase in phrases if phrase]
        assert all(phrase in text for phrase in shown)
        assert sorted(" ".join(shown).split()) == sorted(text.split())
        assert not added[phrases == b""].any()
        assert (np.diff(np.abs(added)) <= 0).all()
    assert np.mean([not {*first.decode().split()}.isdisjoint(WORDS.values()) for first in answer["tokens"][:, 0]]) > 0.8


def test_reasons_are_written_as_the_text_is(model: Any, classifier: Classifier) -> None:
    texts = ["Red Milk -- xqzt, ##b (small)!", "!? ...", "红牛奶, tea", "", "tea " * 40]
    answer = ask(model, "explain", texts)
    parts = served_classifier(classifier)
    tokens = parts.tokenize(tf.constant(texts))
    by_token, _ = attributions(parts, tokens, tf.zeros([len(texts), 0]))
    np.testing.assert_allclose(answer["attributions"].sum(axis=1), by_token.numpy().sum(axis=1), atol=1e-5)
    shown = [{phrase.decode() for phrase in row if phrase} for row in answer["tokens"]]
    words = [{word for phrase in row for word in phrase.split()} for row in shown]
    assert words[0] == {"Red", "Milk", "xqzt", "##b", "small"}
    assert words[1:3] == [{"!?", "..."}, words[2]]
    assert "".join(sorted("".join(words[2]))) == "".join(sorted("红牛奶tea"))
    assert shown[3] == set()
    # Of a longer text only the words that were read add something.
    assert words[4] == {"tea"}
