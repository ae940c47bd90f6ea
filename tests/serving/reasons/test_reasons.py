"""What tokens add, summed over the parts of a text that they stand in."""

from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.spelling import readable
from serving.reasons.explanation import Tokens
from serving.reasons.phrases import written_words
from serving.reasons.reasons import by_part, strongest_first
from trainer.options import TextOptions
from trainer.text.backbone import TextEncoder, load_text_encoder

TEXTS = [
    "Red milk, green-tea  & bread!",
    "",
    "牛奶 tea绿茶 unknownword 12.5",
    "milk " * 40,
    "?! ... É\u0301 \u200b\u0600 x\u0301\ttea\u3000牛\u0301",
    "don't",
]


@pytest.fixture(scope="module")
def encoder(tiny_bert: Path) -> TextEncoder:
    return load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))


def tokens_of(encoder: TextEncoder, texts: tf.Tensor) -> Tokens:
    ids = encoder.token_ids(texts).to_tensor(encoder.tokenizer.pad_token_id)
    ends = (ids == encoder.tokenizer.cls_token_id) | (ids == encoder.tokenizer.sep_token_id)
    padding = ids == encoder.tokenizer.pad_token_id
    return Tokens(ids, ~padding, ~padding & ~ends)


def test_words_have_the_tokens_of_the_text(encoder: TextEncoder) -> None:
    texts = readable(tf.constant(TEXTS))
    whole = encoder.tokenizer.tokenize(texts)
    words = written_words(texts)
    pieces, ends = encoder.tokenizer.tokenize(words.flat_values), words.row_splits.numpy()
    assert whole == [list(chain(*pieces[start:end])) for start, end in pairwise(ends)]


def test_each_part_has_the_sum_of_its_tokens(encoder: TextEncoder) -> None:
    texts = readable(tf.constant(TEXTS))
    tokens, words = tokens_of(encoder, texts), written_words(texts)
    random = np.random.default_rng(0).normal(size=tokens.ids.shape).astype(np.float32)
    attributions = np.where(tokens.shown, random, 0.0)
    found = by_part(words, lambda parts: tokens_of(encoder, parts), tokens, tf.constant(attributions)).to_list()
    for row, parts in enumerate(words.to_list()):
        left = attributions[row][tokens.shown.numpy()[row]].tolist()
        for word, value in zip(parts, found[row], strict=True):
            count = min(len(encoder.tokenizer.tokenize([word])[0]), len(left))
            assert value == pytest.approx(sum(left[:count]), abs=1e-6)
            left = left[count:]
        assert not left
        assert sum(found[row]) == pytest.approx(attributions[row].sum(), abs=1e-5)


def test_the_strongest_come_first_and_what_says_nothing_last() -> None:
    found = strongest_first(
        tf.constant([["a", "", "b", "c"], ["", "", "d", "e"]]), tf.constant([[0.1, 0, -0.5, 0.0], [0, 0, -0.5, 0.0]])
    )
    assert found.texts.numpy().astype(str).tolist() == [["b", "a", "c", ""], ["d", "e", "", ""]]
    np.testing.assert_allclose(found.attributions, [[-0.5, 0.1, 0, 0], [-0.5, 0, 0, 0]])
