"""The encoder as it is saved, loaded and put into a served model."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.search.tiny_search import TinySearch
from trainer.backbone import encode_texts, load_text_encoder
from trainer.search.encoder import SearchEncoder, load_encoder, residual_projection, save_encoder, text_embedder

TEXTS = ["green tea", "牛奶 12 oz", "", "Kids cereal\n", "tea " * 50, "!", "unheardof"]
KNOWN = [True, True, False, True, True, False, True]


@pytest.fixture(scope="module", params=["frozen", "full"])
def encoder(request: pytest.FixtureRequest, shop: TinySearch) -> SearchEncoder:
    """One with a projection, and one without."""
    text_encoder = load_text_encoder(shop.text())
    if request.param == "full":
        return SearchEncoder(text_encoder, None)
    projection = residual_projection(16)
    kernel = np.random.default_rng(1).normal(size=(16, 16)).astype(np.float32)
    projection.get_layer("change").set_weights([kernel])
    return SearchEncoder(text_encoder, projection)


def test_a_new_projection_changes_nothing() -> None:
    vectors = np.random.default_rng(1).normal(size=(5, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(residual_projection(16)(vectors), vectors, atol=1e-6)
    # A text without any word has no vector, and gets none.
    np.testing.assert_array_equal(residual_projection(16)(np.zeros((1, 16), np.float32)), np.zeros((1, 16)))


def test_vectors_against_the_formula(encoder: SearchEncoder) -> None:
    plain = encode_texts(encoder.text_encoder, TEXTS, 3)
    if encoder.projection is not None:
        kernel = encoder.projection.get_layer("change").get_weights()[0]
        plain = plain + plain @ kernel
        plain = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.embed(TEXTS, 3), plain, atol=1e-5)
    assert encoder.embed([], 3).shape == (0, 16)


def test_save_and_load(encoder: SearchEncoder, tmp_path: Path) -> None:
    save_encoder(encoder, str(tmp_path / "model"))
    loaded = load_encoder(str(tmp_path / "model"))
    assert (loaded.projection is None) == (encoder.projection is None)
    np.testing.assert_allclose(loaded.embed(TEXTS, 4), encoder.embed(TEXTS, 4), atol=1e-6)


def test_the_embedder_of_a_saved_model(encoder: SearchEncoder, tmp_path: Path) -> None:
    tf.saved_model.save(text_embedder(encoder), str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    vectors, known = loaded.embed(tf.constant(TEXTS))
    np.testing.assert_allclose(vectors, encoder.embed(TEXTS, 4), atol=1e-4)
    np.testing.assert_array_equal(known, KNOWN)


def test_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is none: train the model first"):
        load_encoder(str(tmp_path))
