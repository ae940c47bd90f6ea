"""Fusion of labels: it adds what either side knows, and loses nothing to a side that knows nothing."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from trainer.pictures.label_fusion import LabelFusion, fit_picture_head, learn_label_fusion


def two_sides(generator, rows, classes=4):
    """Returns labels, of which one side tells the half and the other side the parity, with some doubt each."""
    labels = generator.integers(classes, size=rows)
    noise = generator.normal(0.0, 1.0, (2, rows, classes))
    numbers = np.arange(classes)
    half = 2.0 * (numbers // 2 == labels[:, np.newaxis] // 2) + noise[0]
    parity = 2.0 * (numbers % 2 == labels[:, np.newaxis] % 2) + noise[1]
    return labels, softmax(half, axis=1), softmax(parity, axis=1)


def accuracy(probabilities, labels):
    return float((probabilities.argmax(axis=1) == labels).mean())


def test_both_tell_more_than_either():
    generator = np.random.default_rng(0)
    fusion = learn_label_fusion(*two_sides(generator, 400)[1:], two_sides(np.random.default_rng(0), 400)[0])
    labels, text, picture = two_sides(generator, 2_000)
    fused = accuracy(fusion.fuse(text, picture), labels)
    assert fused > max(accuracy(text, labels), accuracy(picture, labels)) + 0.1


@pytest.mark.parametrize("silent", [0, 1])
@pytest.mark.parametrize("seed", range(5))
def test_a_side_that_says_nothing_is_left_out_or_does_no_harm(silent, seed):
    generator = np.random.default_rng(seed)
    labels, *sides = two_sides(generator, 600)
    sides[silent] = sides[silent][generator.permutation(600)]
    fusion = learn_label_fusion(sides[0][:300], sides[1][:300], labels[:300])
    fused = fusion.fuse(sides[0][300:], sides[1][300:])
    assert accuracy(fused, labels[300:]) >= accuracy(sides[1 - silent][300:], labels[300:]) - 0.01


def test_fusion_is_a_normed_product_of_powers():
    _, text, picture = two_sides(np.random.default_rng(1), 5)
    expected = text**0.5 * picture**2.0
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(LabelFusion(0.5, 2.0).fuse(text, picture), expected, rtol=1e-6)


def test_without_a_picture_there_is_the_text_alone():
    _, text, picture = two_sides(np.random.default_rng(1), 5)
    picture[2] = np.nan
    np.testing.assert_allclose(LabelFusion(0.0, 1.0).fuse(text, picture)[2], text[2])


@pytest.mark.parametrize("classes", [2, 3])
def test_a_head_is_scikit_learns_model_with_labels_that_no_picture_had(classes):
    generator = np.random.default_rng(2)
    looks = generator.normal(size=(120, 6)).astype(np.float32)
    labels = (looks[:, 0] > 0).astype(int) + (classes == 3) * (looks[:, 1] > 0.5)
    used = np.array([0, 2, 3])[:classes]
    head = fit_picture_head(looks, used[labels], 5)
    model = LogisticRegression(C=30.0, max_iter=200, tol=1e-3).fit(looks, labels)
    logits = head.logits(looks)
    np.testing.assert_allclose(log_softmax(logits[:, used], axis=1), model.predict_log_proba(looks), atol=1e-4)
    assert np.isneginf(np.delete(logits, used, axis=1)).all()
