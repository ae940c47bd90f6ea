"""BERT in bfloat16 against float32, and which processors are asked for it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trainer.options import TextOptions
from trainer.text.backbone import encode_texts, load_text_encoder
from trainer.text.half_precision import has_instructions, multiplies_in_bfloat16


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ("fpu avx2 avx512f avx512_bf16", True),
        ("fpu amx_bf16 amx_tile", True),
        ("fpu avx2 avx512f avx512_bf16x", False),
        ("", False),
    ],
)
def test_instructions_are_read_of_the_first_processor(flags: str, found: bool) -> None:
    lines = ["processor\t: 0\n", f"flags\t\t: {flags}\n", "flags\t\t: avx512_bf16\n"]
    assert has_instructions(lines) is found


def test_a_machine_without_a_list_of_flags_has_none() -> None:
    assert not has_instructions(["processor\t: 0\n", "Features\t: fp asimd bf16\n"])


def test_half_precision_turns_vectors_by_little_and_follows_the_weights(tiny_bert: Path) -> None:
    encoder = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))
    texts = ["milk", "red apple . green tea", "", "bread " * 40]
    token_ids = encoder.token_ids(tf.constant(texts)).to_tensor(encoder.tokenizer.pad_token_id)

    def cosines() -> np.ndarray:
        found = encoder.half_step()(token_ids).numpy()
        assert found.dtype == np.float32
        return np.sum(found * encoder.encode_step(token_ids).numpy(), axis=1)

    assert cosines().min() > 0.9995
    before = encoder.encode_step(token_ids).numpy()
    for weight in encoder.backbone.trainable_variables:
        weight.assign_add(0.2 * tf.random.stateless_normal(weight.shape, seed=[1, 2]))
    assert np.sum(before * encoder.encode_step(token_ids).numpy(), axis=1).min() < 0.99
    assert cosines().min() > 0.9995


def test_many_texts_are_encoded_in_it_where_the_processor_can(tiny_bert: Path) -> None:
    encoder = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))
    few = ["red apple", "green tea"]
    many = encode_texts(encoder, few * 3_000, 1024)
    exact = encode_texts(encoder, few, 2)
    np.testing.assert_array_equal(many, np.tile(many[:2], (3_000, 1)))
    np.testing.assert_allclose(np.sum(many[:2] * exact, axis=1), 1.0, atol=5e-4)
    assert (np.abs(many[:2] - exact).max() > 1e-5) == multiplies_in_bfloat16()
