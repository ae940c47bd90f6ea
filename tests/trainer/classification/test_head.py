"""The classification head against NumPy, and its round trip."""

from pathlib import Path

import keras
import numpy as np
import pytest

from trainer.classification.batches import label_weights
from trainer.classification.head import ClassificationHead


def made_head(units: int) -> ClassificationHead:
    keras.utils.set_random_seed(3)
    head = ClassificationHead(dimensions=4, numbers=2, classes=3, units=units)
    head.start(np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 5.0]], np.float32))
    return head


def test_it_is_a_dense_layer_over_the_normalised_text_and_the_standardised_numbers() -> None:
    head = made_head(0)
    vectors = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    numbers = np.array([[3.0 + np.sqrt(8.0 / 3.0), 6.0], [np.nan, np.inf]], np.float32)
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    normalised = centred / np.sqrt(centred.var(axis=1, keepdims=True) + head.text_norm.epsilon)
    # The first number stands one deviation above its mean; the second never varied, so its deviation counts as 1.
    features = np.hstack([normalised, [[1.0, 1.0], [0.0, 0.0]]])
    expected = features @ np.asarray(head.logits.kernel) + np.asarray(head.logits.bias)
    np.testing.assert_allclose(head(vectors, numbers), expected, rtol=1e-4, atol=1e-5)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    head = made_head(5)
    vectors, numbers = np.ones((2, 4), np.float32) * [[1], [2]], np.ones((2, 2), np.float32)
    head.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(loaded(vectors, numbers), head(vectors, numbers))


def test_a_number_that_is_never_known_counts_for_nothing() -> None:
    head = made_head(0)
    head.start(np.full((3, 2), np.nan, np.float32))
    assert np.isfinite(head(np.ones((1, 4), np.float32), np.full((1, 2), np.nan, np.float32))).all()


def test_balanced_labels_weigh_the_same_in_all() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    weights = label_weights(labels, 4, "balanced")
    np.testing.assert_allclose([6 * weights[0], 3 * weights[1], weights[2]], [10 / 3] * 3)
    np.testing.assert_array_equal(label_weights(labels, 4, "none"), np.ones(4))
    between = label_weights(labels, 4, "square_root")
    np.testing.assert_allclose(between[[0, 1]] / between[2], np.sqrt([1 / 6, 1 / 3]), rtol=1e-6)
    assert between[labels].mean() == pytest.approx(1.0)
