"""The encoder as it is saved, loaded and put into a served model."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.random_head import encoder_with_random_head
from tests.trainer.search.tiny_search import TinySearch, product_texts
from trainer.search.encoder import SearchEncoder, load_encoder, save_encoder, text_embedder
from trainer.text.backbone import encode_texts, load_text_encoder

TEXTS = ["green tea", "牛奶 12 oz", "", "Kids cereal\n", "tea " * 50, "!", "unheardof"]
KNOWN = [True, True, False, True, True, False, True]


@pytest.fixture(scope="module", params=["frozen", "full"])
def encoder(request: pytest.FixtureRequest, shop: TinySearch) -> SearchEncoder:
    """One with a head, and one without."""
    text_encoder = load_text_encoder(shop.text())
    if request.param == "full":
        return SearchEncoder(text_encoder, None)
    return encoder_with_random_head(text_encoder, product_texts(), seed=1)


def plain_head(encoder: SearchEncoder, vectors: np.ndarray, catalogue: list[str], texts: list[str]) -> np.ndarray:
    """The head's formula, one text and one token at a time."""
    tokens = [[token for token in row if token > 3] for row in encoder.token_ids([*catalogue, *texts]).to_list()]
    counts = Counter(token for row in tokens[: len(catalogue)] for token in set(row))
    embeddings = encoder.text_encoder.backbone.token_embedding.embeddings.numpy()
    embeddings = 0.1 * embeddings / np.linalg.norm(embeddings, axis=1).mean()
    kernel = encoder.head.change.kernel.numpy()
    found = []
    for vector, row in zip(vectors, tokens[len(catalogue) :], strict=True):
        rarity = [math.log(1 + (len(catalogue) - counts[token] + 0.5) / (counts[token] + 0.5)) for token in row]
        bag = sum((weight * embeddings[token] for weight, token in zip(rarity, row, strict=True)), np.zeros(16))
        changed = vector + vector @ kernel + bag / (math.sqrt(sum(weight**2 for weight in rarity)) or 1.0)
        found.append(changed / (np.linalg.norm(changed) or 1.0))
    return np.stack(found)


def test_vectors_against_the_formula(encoder: SearchEncoder) -> None:
    vectors = encode_texts(encoder.text_encoder, TEXTS, 3)
    if encoder.head is not None:
        vectors = plain_head(encoder, vectors, product_texts(), TEXTS)
    np.testing.assert_allclose(encoder.embed(TEXTS, 3), vectors, atol=1e-5)
    assert encoder.embed([], 3).shape == (0, 16)


def test_a_text_without_vector_and_words_gets_no_vector(encoder: SearchEncoder) -> None:
    nothing = np.zeros((1, 16), np.float32)
    np.testing.assert_array_equal(encoder.finish(nothing, encoder.token_ids([""])), nothing)


def test_save_and_load(encoder: SearchEncoder, tmp_path: Path) -> None:
    save_encoder(encoder, str(tmp_path / "model"))
    loaded = load_encoder(str(tmp_path / "model"))
    assert (loaded.head is None) == (encoder.head is None)
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
