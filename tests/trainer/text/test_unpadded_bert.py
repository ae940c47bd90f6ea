"""BERT without padding against KerasNLP's own backbone: values, gradients, and where padding is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.fitting.keras_parts import nested_layers
from trainer.options import TextOptions
from trainer.text.backbone import TextEncoder, load_text_encoder
from trainer.text.inference_bert import InferenceBert
from trainer.text.unpadded_bert import TokenVectors, token_vectors

# Lengths 1, 5, 3 and 7, padded with 0.
TOKEN_IDS = np.array(
    [[5, 0, 0, 0, 0, 0, 0], [6, 7, 8, 9, 10, 0, 0], [11, 5, 6, 0, 0, 0, 0], [7, 8, 9, 10, 11, 12, 13]], np.int32
)


@pytest.fixture(scope="module")
def encoder(tiny_bert: Path) -> TextEncoder:
    return load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))


def padded_output(backbone: Any, token_ids: Any) -> Any:
    inputs = {"token_ids": token_ids, "segment_ids": tf.zeros_like(token_ids), "padding_mask": token_ids != 0}
    return backbone(inputs, training=False)["sequence_output"]


def live(backbone: Any, token_ids: Any, mask: Any) -> TokenVectors:
    return token_vectors(backbone, token_ids, mask, training=False)


def for_inference(backbone: Any, token_ids: Any, mask: Any) -> TokenVectors:
    return InferenceBert(backbone)(token_ids, mask)


@pytest.mark.parametrize("compute", [live, for_inference])
@pytest.mark.parametrize("rows", [[0], [3], [0, 1, 2, 3], [2, 0], []])
def test_real_tokens_have_the_vectors_of_the_padded_backbone(
    encoder: TextEncoder, rows: list[int], compute: Callable[..., TokenVectors]
) -> None:
    token_ids = tf.constant(TOKEN_IDS[np.array(rows, int)])
    mask = token_ids != 0
    tokens = compute(encoder.backbone, token_ids, mask)
    np.testing.assert_array_equal(tokens.texts, np.nonzero(mask)[0])
    if rows:
        expected = tf.boolean_mask(padded_output(encoder.backbone, token_ids), mask)
        np.testing.assert_allclose(tokens.vectors, expected, atol=1e-5)
    else:
        assert tokens.vectors.shape == (0, encoder.dimensions)


def test_gradients_are_those_of_the_padded_backbone(encoder: TextEncoder) -> None:
    token_ids = tf.constant(TOKEN_IDS)
    mask = token_ids != 0
    target = tf.random.stateless_normal([int(mask.numpy().sum()), encoder.dimensions], seed=[1, 2])
    weights = [weight.value for weight in encoder.backbone.trainable_variables]

    def gradients(vectors_of: Any) -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(vectors_of() * target)
        return [np.asarray(tf.convert_to_tensor(each)) for each in tape.gradient(loss, weights)]

    unpadded = gradients(lambda: token_vectors(encoder.backbone, token_ids, mask, training=False).vectors)
    padded = gradients(lambda: tf.boolean_mask(padded_output(encoder.backbone, token_ids), mask))
    for ours, theirs in zip(unpadded, padded, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_what_lora_learned_is_merged_for_inference(tiny_bert: Path) -> None:
    options = TextOptions(backbone=str(tiny_bert), sequence_length=16, training="lora", lora_rank=2)
    encoder = load_text_encoder(options)
    encoder.freeze_as(options)
    for weight in encoder.trainable_variables:
        weight.assign_add(0.1 * keras.random.normal(weight.shape, seed=3))
    token_ids = tf.constant(TOKEN_IDS)
    found = for_inference(encoder.backbone, token_ids, token_ids != 0).vectors
    np.testing.assert_allclose(found, live(encoder.backbone, token_ids, token_ids != 0).vectors, atol=1e-5)


def test_dropout_is_the_backbones(tiny_bert: Path) -> None:
    backbone = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16)).backbone
    dropouts = [layer for layer in nested_layers(backbone) if isinstance(layer, keras.layers.Dropout)]
    token_ids = tf.constant(TOKEN_IDS)
    calm = token_vectors(backbone, token_ids, token_ids != 0, training=False).vectors
    for dropout in dropouts:
        rates = [each.rate for each in dropouts]
        for each in dropouts:
            each.rate = 0.5 if each is dropout else 0.0
        shaken = token_vectors(backbone, token_ids, token_ids != 0, training=True).vectors
        assert np.abs(shaken - calm).max() > 1e-3, dropout.path
        for each, rate in zip(dropouts, rates, strict=True):
            each.rate = rate


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_near(tiny_bert: Path, policy: str) -> None:
    exact = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))
    keras.config.set_dtype_policy(policy)
    try:
        mixed = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))
    finally:
        keras.config.set_dtype_policy("float32")
    found = mixed.encode_tokens(tf.constant(TOKEN_IDS))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, exact.encode_tokens(tf.constant(TOKEN_IDS)), atol=0.05)


def test_on_a_tpu_padding_is_kept(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = encoder.encode_tokens(tf.constant(TOKEN_IDS))
    monkeypatch.setattr("trainer.text.backbone.token_vectors", None)
    monkeypatch.setattr(tf.distribute, "TPUStrategy", tf.distribute.OneDeviceStrategy)
    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        found = encoder.encode_tokens(tf.constant(TOKEN_IDS))
    np.testing.assert_allclose(found, expected, atol=1e-5)
