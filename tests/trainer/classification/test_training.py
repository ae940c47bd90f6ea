"""Training of classifiers: each way of training BERT, numbers, losses, calibration, what is kept."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.saved_classifier import load_classifier
from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
from trainer.classification.classifier import save_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.export import served_classifier
from trainer.classification.training import train_classifier
from trainer.options import UpdateOptions


def test_lora_learns_and_what_is_kept_gives_the_same(tmp_path: Path, tiny_bert: Path) -> None:
    chosen = options(tiny_bert, "lora", epochs=10, learning_rate=2e-2)
    classifier, summary = train_classifier(
        LABELS, made_texts(240, 1), made_texts(60, 2), chosen, seed=0, log_uri=str(tmp_path / "log")
    )
    texts = made_texts(60, 3)
    found = classifier.probabilities(texts.texts)
    assert (found.argmax(axis=1) == texts.labels).mean() > 0.8
    assert summary["temperature"] == classifier.temperature
    assert summary["parameters"]["trained"] < 0.5 * summary["parameters"]["all"]
    # LoRA's update is merged when the classifier is saved.
    save_classifier(classifier, str(tmp_path / "kept"))
    loaded = load_classifier(str(tmp_path / "kept"))
    assert loaded.labels == LABELS
    np.testing.assert_allclose(loaded.probabilities(texts.texts), found, atol=1e-4)
    served = served_classifier(classifier)
    tokens = served.tokenize(tf.constant(texts.texts))
    np.testing.assert_allclose(
        served.classify_tokens(tokens.ids, tokens.mask, tf.zeros([len(found), 0])), found, atol=1e-4
    )


def test_a_frozen_bert_stays_as_it_is_and_steps_are_a_limit(tmp_path: Path, tiny_bert: Path) -> None:
    chosen = options(tiny_bert, "frozen")
    learned, validated = made_texts(60, 1), made_texts(20, 2)
    classifier, summary = train_classifier(
        LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path), most_steps=1
    )
    assert summary["epochs"] == 1
    assert summary["parameters"]["trained"] == 2 * 16 + 16 * 3 + 3
    assert not classifier.text_encoder.trainable_variables


@pytest.mark.parametrize("precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.long)])
@pytest.mark.parametrize("training", [pytest.param("frozen", marks=pytest.mark.long), "full"])
def test_mixed_precision_learns_and_is_kept_as_it_is_served(
    tmp_path: Path, tiny_bert: Path, training: str, precision: str
) -> None:
    learned, validated = made_texts(240, 1, numbers=2), made_texts(60, 2, numbers=2)
    for each in (learned, validated):
        # The column that tells the label becomes noise, beyond the 65,504 at which half precision ends.
        each.numbers[:, 0] = 1e9 * each.numbers[:, 1]
    chosen = options(tiny_bert, training, precision=precision, strategy="cpu")
    classifier, summary = train_classifier(LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path / "log"))
    assert summary["eval"]["accuracy"] > 0.7
    assert {np.asarray(weight).dtype for weight in classifier.text_encoder.weights} == {np.dtype(np.float32)}
    save_classifier(classifier, str(tmp_path / "kept"))
    loaded, served = load_classifier(str(tmp_path / "kept")), served_classifier(classifier)
    tokens = served.tokenize(tf.constant(validated.texts))
    np.testing.assert_allclose(
        loaded.probabilities(validated.texts, validated.numbers),
        served.classify_tokens(tokens.ids, tokens.mask, tf.constant(validated.numbers)),
        atol=1e-5,
    )


def test_numbers_tell_what_texts_do_not(tmp_path: Path, tiny_bert: Path) -> None:
    learned, validated = made_texts(240, 1, numbers=2), made_texts(60, 2, numbers=2)
    learned, validated = (
        LabelledTexts(texts=["red"] * len(each), labels=each.labels, numbers=each.numbers)
        for each in (learned, validated)
    )
    learned.numbers[:40, 1] = np.nan
    chosen = options(tiny_bert, "frozen", units=8, epochs=8)
    classifier, summary = train_classifier(LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path))
    assert summary["eval"]["accuracy"] > 0.9
    unknown = np.full((1, 2), np.nan, np.float32)
    mean = np.array([learned.numbers[:, 0].mean(), np.nanmean(learned.numbers[:, 1])], np.float32)[np.newaxis]
    np.testing.assert_allclose(
        classifier.probabilities(["red"], unknown), classifier.probabilities(["red"], mean), atol=1e-5
    )


@pytest.mark.parametrize("more", [{"loss": "focal"}, {"class_weights": "balanced", "label_smoothing": 0.0}])
def test_skewed_labels_are_learned_too(tmp_path: Path, tiny_bert: Path, more: dict[str, object]) -> None:
    learned, validated = made_texts(240, 1), made_texts(60, 2)
    kept = np.flatnonzero((learned.labels != 2) | (np.arange(len(learned)) % 8 == 0))
    learned = LabelledTexts(
        texts=[learned.texts[row] for row in kept], labels=learned.labels[kept], numbers=learned.numbers[kept]
    )
    chosen = options(tiny_bert, "frozen", units=16, epochs=6, learning_rate=3e-2, **more)
    _, summary = train_classifier(LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path))
    assert summary["eval"]["f1_macro"] > 0.8


def test_training_stops_where_validation_gets_no_better(tmp_path: Path, tiny_bert: Path) -> None:
    chosen = options(tiny_bert, "frozen", epochs=6, learning_rate=1e-9)
    chosen = chosen.model_copy(update={"training": chosen.training.model_copy(update={"patience": 1})})
    _, summary = train_classifier(LABELS, made_texts(60, 1), made_texts(60, 2), chosen, seed=0, log_uri=str(tmp_path))
    assert (summary["best_epoch"], summary["epochs"]) == (1, 2)


def test_what_cannot_be_learned_is_refused(tmp_path: Path, tiny_bert: Path) -> None:
    chosen = options(tiny_bert, "frozen")
    with pytest.raises(ValueError, match="two labels or more"):
        train_classifier(["one"], made_texts(9, 1), made_texts(9, 2), chosen, seed=0, log_uri=str(tmp_path))
    with pytest.raises(ValueError, match=r"`validated` should hold texts"):
        train_classifier(LABELS, made_texts(9, 1), made_texts(0, 2), chosen, seed=0, log_uri=str(tmp_path))


def test_an_update_goes_on_from_an_earlier_classifier_whose_labels_it_finds_by_name(
    tmp_path: Path, tiny_bert: Path
) -> None:
    chosen = options(tiny_bert, "frozen", epochs=10, learning_rate=2e-2)
    learned, validated, texts = made_texts(240, 1), made_texts(60, 2), made_texts(60, 3)
    before, _ = train_classifier(LABELS, learned, validated, chosen, seed=0, log_uri=str(tmp_path / "log"))
    save_classifier(before, str(tmp_path / "kept"))
    # Other numbers of the same labels, and one that nobody has seen.
    moved = (*reversed(LABELS), "unheard of")
    place = np.array([moved.index(label) for label in LABELS])
    learned, validated = (
        dataclasses.replace(each, labels=place[each.labels].astype(each.labels.dtype)) for each in (learned, validated)
    )
    after, summary = train_classifier(
        moved,
        learned,
        validated,
        chosen.model_copy(update={"update": UpdateOptions(max_epochs=1, learning_rate=1e-6)}),
        seed=1,
        log_uri=str(tmp_path / "log2"),
        earlier_uri=str(tmp_path / "kept"),
    )
    assert summary["update"] == {"known": len(LABELS), "new": 1, "gone": 0}
    assert summary["epochs"] == 1
    # With next to no step, the logits of the known labels are what they were.
    vectors = before.text_vectors(before.token_ids(texts.texts), 64)
    logits = [each.logits(vectors, texts.numbers) for each in (before, after)]
    np.testing.assert_allclose(logits[1][:, place], logits[0], atol=1e-3)
    other = chosen.model_copy(update={"head": chosen.head.model_copy(update={"units": 7})})
    with pytest.raises(ValueError, match=r"`head.units` is 7 by the configuration, and 0 in the earlier model"):
        train_classifier(
            moved, learned, validated, other, seed=1, log_uri=str(tmp_path), earlier_uri=str(tmp_path / "kept")
        )
