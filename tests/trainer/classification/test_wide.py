"""The wide part: scikit-learn's numbers, what it learns, alone and beside BERT, and its reasons."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfTransformer

from serving.classification.wide import WideFacts, WideLabels, beside
from serving.reasons.phrases import written_words
from tests.trainer.classification.tiny_classifier import LABELS, WORDS, made_texts, options
from trainer.classification.building import BuiltClassifier, build_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.export import export_classification, module_of, served_classifier
from trainer.classification.linear.wide import inverse_document_frequencies, ngram_counts, telling, weigh
from trainer.classification.options import NO_BACKBONE, ClassifierOptions, WideOptions
from trainer.options import TextOptions

WIDE = WideOptions(buckets=4096)
TEXTS = ["red milk", "milk milk milk big", "", "质量 很好!", "big big red", "?"]


def alone() -> ClassifierOptions:
    return ClassifierOptions(text=TextOptions(backbone=NO_BACKBONE), wide=WIDE)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltClassifier:
    folder = tmp_path_factory.mktemp("log")
    return build_classifier(LABELS, made_texts(240, 1), made_texts(60, 2), alone(), seed=0, log_uri=str(folder))


def ask(model: Any, signature: str, texts: list[str]) -> dict[str, np.ndarray]:
    answer = model.signatures[signature](text=tf.constant(texts, tf.string, [len(texts)]))
    return {name: value.numpy() for name, value in answer.items()}


def test_weights_are_those_of_scikit_learn_and_the_same_when_served() -> None:
    counts = ngram_counts(TEXTS, 4096)
    rarity = inverse_document_frequencies(counts)
    weighed = weigh(counts, rarity).toarray()
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(counts.astype(np.float64)).toarray()
    np.testing.assert_allclose(weighed, expected, atol=1e-6)
    random = np.random.default_rng(0)
    facts = WideFacts(random.normal(size=(4096, 3)).astype(np.float32), np.arange(3, dtype=np.float32), rarity)
    wide = WideLabels(facts)
    logits = wide.logits(tf.constant(TEXTS)).numpy()
    np.testing.assert_allclose(logits, expected @ facts.kernel + facts.bias, atol=1e-5)
    words = written_words(tf.constant(TEXTS))
    by_word = words.with_flat_values(wide.by_word(words))
    np.testing.assert_allclose(tf.reduce_sum(by_word, axis=1), logits - facts.bias, atol=1e-5)


def test_an_ngram_counts_as_much_as_labels_have_it_unevenly() -> None:
    texts, labels, text_weights = ["a b", "a c", "b c c", "a"], [0, 0, 1, 1], [1.0, 1.0, 1.0, 0.5]
    learned = LabelledTexts(
        texts=texts, labels=np.array(labels), numbers=np.zeros((4, 0)), weights=np.array(text_weights)
    )
    counts = ngram_counts(texts, 4096)
    expected = np.zeros(4096)
    having = {bucket: [1.0, 1.0, 1.0] for bucket in counts.indices}
    for text, (label, weight) in enumerate(zip(labels, text_weights, strict=True)):
        for bucket in counts[text].indices:
            having[bucket][label] += weight
    # The third label has no text: it counts nothing itself, and is one of the others.
    totals = np.sum(list(having.values()), axis=0)
    for bucket, own in having.items():
        squares = 0.0
        for label, share in ((0, 2 / 3.5), (1, 1.5 / 3.5)):
            odds = own[label] / totals[label]
            others = (sum(own) - own[label]) / (totals.sum() - totals[label])
            squares += share * np.log(odds / others) ** 2
        expected[bucket] = np.sqrt(np.sqrt(squares))
    np.testing.assert_allclose(telling(counts, learned, 3), expected, atol=1e-6)


def test_a_text_of_unknown_ngrams_is_the_bias() -> None:
    facts = WideFacts(np.ones((4096, 2), np.float32), np.array([0.5, -0.5], np.float32), np.zeros(4096, np.float32))
    np.testing.assert_array_equal(WideLabels(facts).logits(tf.constant(TEXTS)), [[0.5, -0.5]] * len(TEXTS))


def test_alone_it_learns_is_served_and_gives_reasons(tmp_path: Path, built: BuiltClassifier) -> None:
    classifier, summary = built
    texts = made_texts(60, 3)
    found = classifier.probabilities(texts.texts)
    assert (found.argmax(axis=1) == texts.labels).mean() > 0.95
    assert summary["wide"]["wide_power"] == 1.0
    export_classification(str(tmp_path / "served"), classifier, summary)
    model = tf.saved_model.load(str(tmp_path / "served"))
    odd = ["", "\U0001f600", "x" * 20_000, "milk " * 5_000]
    np.testing.assert_allclose(ask(model, "evaluate", texts.texts)["probabilities"], found, atol=1e-5)
    assert np.isfinite(ask(model, "evaluate", odd)["probabilities"]).all()
    assert ask(model, "evaluate", [])["probabilities"].shape == (0, len(LABELS))
    answer = ask(model, "explain", texts.texts)
    # What the words add is the whole difference to a text that says nothing.
    neutral = softmax(classifier.wide.facts.bias)
    best = found.argmax(axis=1)
    differences = found[np.arange(len(best)), best] - neutral[best]
    np.testing.assert_allclose(answer["attributions"].sum(axis=1), differences, atol=1e-3)
    assert np.mean([not {*first.decode().split()}.isdisjoint(WORDS.values()) for first in answer["tokens"][:, 0]]) > 0.9


def test_beside_bert_it_tells_what_bert_does_not_see(tmp_path: Path, tiny_bert: Path) -> None:
    learned, validated, texts = made_texts(240, 1), made_texts(60, 2), made_texts(60, 3)
    # No word of the texts is in BERT's vocabulary any more.
    for each in (learned, validated, texts):
        each.texts[:] = [" ".join(f"qq{word}qq" for word in text.split()) for text in each.texts]
    chosen = options(tiny_bert, "frozen", epochs=1).model_copy(update={"wide": WIDE, "layers": 2})
    classifier, summary = build_classifier(LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path))
    found = classifier.probabilities(texts.texts)
    assert (found.argmax(axis=1) == texts.labels).mean() > 0.9
    assert summary["eval"]["f1_macro"] < 0.7 < summary["wide"]["f1_macro"]
    # Both together, whatever validation says of BERT: the served sum is the one in NumPy, and reasons add up.
    both = classifier._replace(deep_power=0.7, wide_power=0.9)
    model = module_of(both)
    expected = both.probabilities(texts.texts)
    np.testing.assert_allclose(model.evaluate(tf.constant(texts.texts))["probabilities"], expected, atol=1e-5)
    few = texts.texts[:3]
    answer = model.explain(tf.constant(few))
    assert (answer["attributions"][:, 0].numpy() > 0.0).all()
    # The same text with each token masked, and without any n-gram.
    deep, wide = both.served_deep(), both.served_wide()
    parts = beside(served_classifier(deep), WideLabels(wide), both.deep_power)
    tokens = parts.tokenize(tf.constant(few))
    masked = tf.where(tokens.shown, parts.neutral_token, tokens.ids)
    neutral = parts.classify_tokens(masked, tokens.mask, tf.constant([wide.bias] * len(few))).numpy()
    best = expected[: len(few)].argmax(axis=1)
    rows = np.arange(len(few))
    differences = expected[rows, best] - neutral[rows, best]
    np.testing.assert_allclose(answer["attributions"].numpy().sum(axis=1), differences, atol=0.02)
