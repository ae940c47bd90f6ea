"""The private names of KerasNLP are there and mean what we take them for; one that is gone is said in words."""

import sys
from types import ModuleType
from typing import Any

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from trainer.text.keras_nlp_parts import TransformerParts, attend, pretokenize, transformer_parts

PRIVATE_NAMES = (
    "_self_attention_layer",
    "_self_attention_dropout",
    "_self_attention_layer_norm",
    "_feedforward_intermediate_dense",
    "_feedforward_output_dense",
    "_feedforward_dropout",
    "_feedforward_layer_norm",
)


@pytest.fixture(scope="module")
def layer() -> Any:
    keras.utils.set_random_seed(0)
    made = keras_nlp.layers.TransformerEncoder(intermediate_dim=12, num_heads=2, dropout=0.5)
    made.build((None, 5, 8))
    return made


def softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def test_the_parts_in_our_order_are_the_layer(layer: Any) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 5, 8)).astype(np.float32)
    parts = transformer_parts(layer)
    attended = parts.attention_norm(vectors + parts.attention_dropout(parts.attention(vectors, vectors)))
    made = parts.outer_norm(attended + parts.outer_dropout(parts.outer(parts.inner(attended))))
    np.testing.assert_allclose(made, layer(vectors), atol=1e-5)


def test_attention_is_a_mean_by_softmax_of_what_is_looked_at(layer: Any) -> None:
    query, key, value = np.random.default_rng(1).normal(size=(3, 2, 5, 2, 4)).astype(np.float32)
    mask = np.ones((2, 1, 5), bool)
    mask[1, :, 3:] = False
    found = attend(transformer_parts(layer).attention, query, key, value, mask, training=False)
    scores = np.einsum("bqhd,bkhd->bhqk", query, key) / 2.0
    weights = softmax(np.where(mask[:, np.newaxis], scores, -1e9))
    np.testing.assert_allclose(found, np.einsum("bhqk,bkhd->bqhd", weights, value), rtol=1e-4, atol=1e-5)


def test_words_are_cut_at_spaces_and_punctuation() -> None:
    words = pretokenize(tf.constant(["café-AU lait", "水壶"])).to_list()
    assert [[word.decode() for word in text] for text in words] == [["café", "-", "AU", "lait"], ["水", "壶"]]


@pytest.mark.parametrize("gone", PRIVATE_NAMES)
def test_a_part_that_is_gone_is_said_in_words(gone: str) -> None:
    rest = {name: None for name in PRIVATE_NAMES if name != gone}
    assert len(rest) == len(TransformerParts._fields) - 1
    with pytest.raises(RuntimeError, match=rf"`Layer` should .*`{gone}`, which trainer\.text\.keras_nlp_parts uses"):
        transformer_parts(type("Layer", (), rest)())


def test_attention_that_is_gone_is_said_in_words() -> None:
    with pytest.raises(RuntimeError, match=r"`_compute_attention`.*keras-hub [0-9.]+ has none: install"):
        attend(object(), None, None, None, None, training=False)


@pytest.mark.parametrize("module", [None, ModuleType("word_piece_tokenizer")])
def test_a_tokenizer_that_moved_is_said_in_words(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras_hub.src.tokenizers.word_piece_tokenizer", module)
    with pytest.raises(RuntimeError, match="`pretokenize`"):
        pretokenize(["milk"])
