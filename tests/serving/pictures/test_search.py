"""Ranking for pictures against the formula in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from serving.index.exact import ExactIndex
from serving.pictures.labels import LabelPictureFacts, PictureLabels
from serving.pictures.search import PictureFacts, PictureSearch
from trainer.pictures.label_fusion import LabelFusion

TEXTS, PRODUCTS, LOOKS, WIDTH = 6, 9, 4, 5


class Embedder:
    """Reads a vector that is written as text; what embeds pictures is tested with its encoder."""

    def embed(self, images):
        return tf.io.decode_raw(images, tf.float32)


def unit(values):
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_scores_are_looks_and_meaning_weighed(weight):
    generator = np.random.default_rng(0)
    text_of_product = np.array([0, 0, 1, 2, 2, 3, 4, 5, 5], np.int32)
    pictured = np.array([0, 1, 3, 5, 8], np.int32)
    looks = unit(generator.normal(size=(len(pictured), LOOKS)))
    means = np.zeros((TEXTS, LOOKS), np.float32)
    for text in set(text_of_product[pictured].tolist()):
        means[text] = looks[text_of_product[pictured] == text].mean(axis=0)
    axes, head = generator.normal(size=(WIDTH, LOOKS)), generator.normal(size=(LOOKS, 3))
    facts = PictureFacts(
        products=pictured,
        looks=looks,
        looks_of_texts=means,
        usual=0.1,
        mean=generator.normal(size=WIDTH).astype(np.float32),
        axes=axes.astype(np.float32),
        head=head.astype(np.float32),
        weight=weight,
    )
    vectors = unit(generator.normal(size=(TEXTS, 3)))
    search = PictureSearch(facts, Embedder(), ExactIndex(vectors), tf.Variable(text_of_product))
    pixels = generator.normal(size=(2, WIDTH)).astype(np.float32)
    seen_looks, meanings = search.read(tf.constant([row.tobytes() for row in pixels]))
    expected_looks = unit((pixels - facts.mean) @ axes)
    np.testing.assert_allclose(seen_looks, expected_looks, atol=1e-5)
    np.testing.assert_allclose(meanings, unit(expected_looks @ head), atol=1e-5)
    seen = search.rank(seen_looks, meanings, tf.constant(TEXTS))
    meant = np.asarray(meanings) @ vectors.T
    for row in range(2):
        by_text = weight * np.where(means.any(axis=1), means @ expected_looks[row], 0.1) + (1 - weight) * meant[row]
        np.testing.assert_allclose(seen.scores[row], by_text[seen.texts[row].numpy()], atol=1e-5)
        similar = dict(zip(pictured.tolist(), (looks @ expected_looks[row]).tolist(), strict=True))
        for product, score in zip(seen.products[row].numpy(), seen.product_scores[row].numpy(), strict=True):
            assert score == pytest.approx(
                weight * similar[product] + (1 - weight) * meant[row, text_of_product[product]], abs=1e-5
            )
    # A product's own picture finds it first, even where looks count for nothing.
    own = search.rank(tf.constant(looks[2:3]), meanings[:1], tf.constant(TEXTS))
    assert own.products[0, int(tf.argmax(own.product_scores[0]))] == pictured[2]
    assert own.product_scores[0].numpy().max() > own.scores[0].numpy().max() + 1


def test_the_served_fusion_of_labels_is_that_of_training():
    generator = np.random.default_rng(1)
    text, kernel = unit(generator.random((3, 4))) ** 2, generator.normal(size=(LOOKS, 4)).astype(np.float32)
    bias = np.array([0.5, -np.inf, 0.0, 1.0], np.float32)
    looks = unit(generator.normal(size=(3, LOOKS)))
    looks[1] = 0.0
    for powers in ((0.7, 1.4), (0.0, 1.0), (1.0, 0.0)):
        served = PictureLabels(LabelPictureFacts(np.zeros(2), np.eye(2, LOOKS), kernel, bias, *powers), Embedder())
        logits = looks @ kernel + bias
        picture = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        picture[1] = np.nan
        expected = LabelFusion(*powers).fuse(text, picture)
        found = served.fuse(tf.constant(text, tf.float32), tf.constant(looks))
        np.testing.assert_allclose(found, expected, atol=1e-4)
