"""Another catalogue's pictures, read by what was learned of the first one's."""

import numpy as np
import tensorflow as tf

from serving.index.exact import ExactIndex
from serving.pictures.search import PictureFacts, PictureSearch
from tests.trainer.search.pictures.test_alignment import unit
from trainer.search.pictures.text_fusion import fused
from trainer.search.pictures.update import CataloguePictures, update_pictures

TEXT_OF_PRODUCT = np.array([0, 0, 1, 2, 3])
PICTURED = np.array([0, 1, 2, 4])
WIDTH, LOOKS, DIMENSIONS = 6, 4, 3


def served(generator):
    """What a server has of five products with four texts; the fourth has no picture."""
    mean, axes = generator.normal(size=WIDTH), generator.normal(size=(WIDTH, LOOKS))
    pictures = generator.normal(size=(5, WIDTH)).astype(np.float32)
    pictures[3] = np.nan
    looks = unit((pictures[PICTURED] - mean) @ axes)
    of_texts = np.stack([looks[:2].mean(axis=0), looks[2], np.zeros(LOOKS), looks[3]])
    facts = PictureFacts(
        products=PICTURED.astype(np.int32),
        looks=looks,
        looks_of_texts=of_texts.astype(np.float32),
        usual=0.1,
        mean=mean.astype(np.float32),
        axes=axes.astype(np.float32),
        head=generator.normal(size=(LOOKS, DIMENSIONS)).astype(np.float32),
        weight=0.3,
    )
    index = ExactIndex(unit(generator.normal(size=(4, DIMENSIONS))))
    return PictureSearch(facts, "embedder", index, tf.Variable(TEXT_OF_PRODUCT)), facts, pictures


def test_the_same_pictures_are_read_alike_and_others_are_told():
    generator = np.random.default_rng(0)
    search, facts, pictures = served(generator)
    same = update_pictures(search, CataloguePictures(pictures, 0.3, 0.4), TEXT_OF_PRODUCT, 4)
    for name in ("products", "looks", "looks_of_texts", "mean", "axes", "head", "weight"):
        np.testing.assert_allclose(getattr(same.side.facts, name), getattr(facts, name), atol=1e-5)
    assert same.side.embedder == "embedder"
    np.testing.assert_array_equal(same.are_other(np.arange(4)), False)
    looks = same.looks_of_products(5)
    np.testing.assert_allclose(looks[PICTURED], facts.looks, atol=1e-5)
    assert np.isnan(looks[3]).all()

    # The second product of the first text has another picture, the third text its first one, and one text is gone.
    other, text_of_product, rows = pictures[[0, 1, 3, 4]].copy(), np.array([0, 0, 1, 2]), np.array([0, 2, 3])
    other[1:3] = generator.normal(size=(2, WIDTH))
    changed = update_pictures(search, CataloguePictures(other, 0.3, 0.4), text_of_product, 3)
    np.testing.assert_array_equal(changed.are_other(rows), [True, True, False])
    vectors = unit(generator.normal(size=(2, DIMENSIONS)))
    expected_looks = unit((other - facts.mean) @ facts.axes)
    expected = fused(vectors, unit(expected_looks[2:] @ facts.head), 0.4)
    np.testing.assert_allclose(changed.found_by(vectors, np.array([1, 2])), expected, atol=1e-5)
    # What no vector tells of need not be embedded again.
    untold = update_pictures(search, CataloguePictures(other, 0.3, 0.0), text_of_product, 3)
    assert not untold.are_other(rows).any()
