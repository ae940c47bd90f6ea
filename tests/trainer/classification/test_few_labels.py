"""Few labels: texts without any, and labels that are described."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.classification.tiny_classifier import LABELS, WORDS, made_texts
from trainer.classification.building import build_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.few.contrastive import contrastive_losses, pair_rows
from trainer.classification.few.descriptions import check_descriptions, with_descriptions, zero_shot
from trainer.classification.few.self_training import f1_macro, surest
from trainer.classification.few.suggestions import suggest, uncertainty
from trainer.classification.options import (
    NO_BACKBONE,
    ClassifierOptions,
    ContrastiveOptions,
    SelfTrainingOptions,
    WideOptions,
)
from trainer.options import TextOptions
from trainer.text.backbone import load_text_encoder


def options(**more: object) -> ClassifierOptions:
    text = TextOptions(backbone=NO_BACKBONE)
    return ClassifierOptions(text=text, wide=WideOptions(buckets=2048), **more)


def test_the_surest_of_each_label_join() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.95, 0.05], [0.45, 0.55]])
    rows, labels = surest(probabilities, np.array([2, 1]))
    assert rows.tolist() == [0, 2, 3]
    assert labels.tolist() == [0, 1, 0]
    assert surest(probabilities, np.array([0, 0]))[0].size == 0


def test_texts_without_labels_teach_words_that_no_labelled_text_has(tmp_path: Path) -> None:
    """Each telling word goes with another one, which alone tells the label in the texts that are asked about."""
    twins = dict(zip(WORDS.values(), ("zuvo", "qirx", "wemp"), strict=True))
    known = made_texts(30, 1)
    validated, asked = made_texts(60, 2), made_texts(60, 4)
    pairs = made_texts(400, 3).texts
    unlabelled = [" ".join([text, *(twins[word] for word in text.split() if word in twins)]) for text in pairs]
    for each in (validated, asked):
        each.texts[:] = [" ".join(twins.get(word, word) for word in text.split()) for text in each.texts]
    chosen = options(self_training=SelfTrainingOptions(rounds=2, share=0.5))
    classifier, summary = build_classifier(
        LABELS, known, validated, chosen, seed=0, log_uri=str(tmp_path), unlabelled=unlabelled
    )
    done = summary["self_training"]
    assert done["kept"] > 0
    assert f1_macro(classifier, asked) > done["rounds"][0]["f1_macro"] + 0.2
    assert done["rounds"][0] == {"round": 0, "added": 0, "f1_macro": pytest.approx(done["rounds"][0]["f1_macro"])}
    assert all(sum(each["added_by_label"].values()) == each["added"] > 0 for each in done["rounds"][1:])
    kept = [each for each in done["rounds"] if each["round"] == done["kept"]]
    assert kept[0]["f1_macro"] == max(each["f1_macro"] for each in done["rounds"])
    assert summary["examples"]["train"] == len(known)


def test_descriptions_are_texts_of_their_labels_and_names_must_be_right(tiny_bert: Path) -> None:
    learned = made_texts(5, 1, numbers=1)
    described = with_descriptions(learned, LABELS, {LABELS[1]: "bread"})
    assert described.texts == [*learned.texts, "bread"]
    assert described.labels.tolist() == [*learned.labels.tolist(), 1]
    assert np.isnan(described.numbers[-1]).all()
    with pytest.raises(ValueError, match="it describes milky"):
        check_descriptions({"milky": "white"}, LABELS)
    # A text is nearest to what says the same.
    encoder = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))
    told = dict(zip(LABELS, WORDS.values(), strict=True))
    probabilities = zero_shot(encoder, list(WORDS.values()), LABELS, told, 8)
    assert probabilities.argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)


def test_weights_of_texts_count(tmp_path: Path) -> None:
    """Wrong labels of next to no weight change nothing."""
    learned, validated, wrong = made_texts(120, 1), made_texts(40, 2), made_texts(600, 5)
    texts = LabelledTexts(
        texts=[*learned.texts, *wrong.texts],
        labels=np.concatenate([learned.labels, (wrong.labels + 1) % 3]),
        numbers=np.zeros((720, 0), np.float32),
        weights=np.concatenate([np.ones(120), np.full(600, 1e-6)]).astype(np.float32),
    )
    classifier, _ = build_classifier(LABELS, texts, validated, options(), seed=0, log_uri=str(tmp_path))
    assert f1_macro(classifier, made_texts(60, 3)) > 0.95


def test_suggestions_are_uncertain_and_unlike_each_other() -> None:
    random = np.random.default_rng(0)
    # Four groups of texts that are much alike, of which the last is sure.
    centres = np.eye(4, 8)
    group = np.repeat(np.arange(4), 30)
    vectors = centres[group] + 0.01 * random.normal(size=(120, 8))
    sure = np.where(group == 3, 0.99, 0.55 + 0.04 * random.random(120))
    probabilities = np.stack([sure, 1.0 - sure], axis=1)
    rows = suggest(probabilities, vectors, 3, seed=0)
    assert sorted(group[rows].tolist()) == [0, 1, 2]
    # The most uncertain one comes first.
    assert (np.diff(uncertainty(probabilities)[rows]) <= 0).all()
    np.testing.assert_allclose(uncertainty(probabilities), 1.0 - np.abs(2.0 * sure - 1.0))
    # Where all are alike, or few, there are as many as can be.
    assert sorted(suggest(probabilities, np.ones((120, 2)), 7, seed=0).tolist()) == sorted(
        {*suggest(probabilities, np.ones((120, 2)), 7, seed=0).tolist()}
    )
    assert sorted(suggest(probabilities[:4], vectors[:4], 9, seed=0).tolist()) == [0, 1, 2, 3]


def test_the_loss_of_pairs_is_that_of_the_formula() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(6, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.array([0, 0, 0, 1, 1, 2])
    expected = []
    for text in range(5):  # The last one has no other of its label.
        chances = {other: np.exp(vectors[text] @ vectors[other] / 0.5) for other in range(6) if other != text}
        total = sum(chances.values())
        alike = [other for other in chances if labels[other] == labels[text]]
        expected.append(-np.mean([np.log(chances[other] / total) for other in alike]))
    found = contrastive_losses(tf.constant(vectors), tf.constant(labels), 0.5)
    assert float(found.weight) == 5.0
    assert float(found.total) == pytest.approx(sum(expected), rel=1e-5)


def test_batches_are_pairs_of_one_label() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    rows = pair_rows(labels, 8, np.random.default_rng(0))
    assert len(rows) == 8
    assert (labels[rows[::2]] == labels[rows[1::2]]).all()
    assert set(labels[rows].tolist()) == {0, 1, 2}
    # Of a label with several texts the two are not the same.
    assert all(one != other for one, other in rows.reshape(-1, 2).tolist() if labels[one] != 2)


@pytest.mark.long
def test_few_texts_are_all_learned_from_and_pairs_come_first(tmp_path: Path, tiny_bert: Path) -> None:
    learned, validated = made_texts(24, 1), made_texts(12, 2)
    text = TextOptions(backbone=str(tiny_bert), training="frozen", sequence_length=16)
    chosen = ClassifierOptions(
        text=text,
        layers=2,
        few_shot="contrastive",
        contrastive=ContrastiveOptions(steps=60, batch_size=16, learning_rate=1e-2),
    )
    classifier, summary = build_classifier(LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path))
    assert summary["contrastive"]["kept"]
    assert summary["learned_from_eval"]
    assert summary["contrastive"]["loss"]["with"] < summary["contrastive"]["loss"]["without"]
    assert f1_macro(classifier, made_texts(60, 3)) > 0.9
