"""Copies of the texts of rare labels: what is added, and what stays as it was."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.classification.tiny_classifier import made_texts
from trainer.classification.augmentation import augment, changed
from trainer.classification.examples import LabelledTexts
from trainer.classification.options import AugmentationOptions


def skewed() -> LabelledTexts:
    """Three labels with 20, 6 and 1 texts and a number each."""
    labels = np.repeat([0, 1, 2], [20, 6, 1])
    made = made_texts(len(labels), 1, numbers=1)
    return LabelledTexts(texts=made.texts, labels=labels, numbers=np.arange(len(labels), dtype=np.float32)[:, None])


def test_nothing_is_added_unless_asked_for() -> None:
    learned = skewed()
    assert augment(learned, AugmentationOptions(), seed=0).texts == learned.texts


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 40), st.integers(1, 5))
def test_rare_labels_get_copies_up_to_a_number(seed: int, least: int, copies: int) -> None:
    learned = skewed()
    options = AugmentationOptions(min_label_texts=least, max_copies=copies)
    augmented = augment(learned, options, seed)
    again = augment(learned, options, seed)
    assert augmented.texts == again.texts
    # What was there comes first, as it was.
    assert augmented.texts[: len(learned)] == learned.texts
    np.testing.assert_array_equal(augmented.labels[: len(learned)], learned.labels)
    for label, count in Counter(learned.labels.tolist()).items():
        assert (augmented.labels == label).sum() == max(count, min(least, count * (1 + copies)))
    # Each copy has the label of its source, which its number names, and words of it only.
    sources = augmented.numbers[len(learned) :, 0].astype(int)
    np.testing.assert_array_equal(augmented.labels[len(learned) :], learned.labels[sources])
    for copy, source in zip(augmented.texts[len(learned) :], sources, strict=True):
        assert not Counter(copy.split()) - Counter(learned.texts[source].split())
    assert max(Counter(sources.tolist()).values(), default=0) <= copies


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.integers(0, 2**31))
def test_a_text_that_has_something_keeps_something(text: str, seed: int) -> None:
    options = AugmentationOptions(word_dropout=0.9, swaps=0.5)
    made = changed(text, options, np.random.default_rng(seed))
    assert bool(made.strip()) == bool(text.strip())
    assert not Counter(made.replace(" ", "")) - Counter(text)


def test_words_are_dropped_and_swapped_as_often_as_asked() -> None:
    text = " ".join(str(number) for number in range(2_000))
    random = np.random.default_rng(0)
    dropped = changed(text, AugmentationOptions(word_dropout=0.3, swaps=0.0), random).split()
    assert 1_300 < len(dropped) < 1_500
    assert dropped == sorted(dropped, key=int)
    swapped = changed(text, AugmentationOptions(word_dropout=0.0, swaps=0.1), random).split()
    assert sorted(swapped, key=int) == text.split()
    assert 0.6 < np.mean(np.array(swapped) == text.split()) < 0.9
    assert changed("不好的水壶", AugmentationOptions(word_dropout=0.0, swaps=0.99), random) == "好的水壶不"
