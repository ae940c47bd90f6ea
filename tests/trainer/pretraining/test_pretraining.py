"""Vocabularies of English and Chinese texts, and masked-language modelling on them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from trainer.pretraining.masked_language import new_backbone, pretrain
from trainer.pretraining.options import PretrainingOptions
from trainer.pretraining.rewriting import load_rewriter, save_masked_lm_head
from trainer.pretraining.vocabulary import SPECIAL_TOKENS, learn_vocabulary, scratch_tokenizer, split_words
from trainer.text.backbone import TextEncoder, load_trained_encoder, save_trained_encoder

ENGLISH = ("The kettle boils quickly.", "A boiling kettle!", "Kettles boil water; café au lait")
CHINESE = ("这个水壶很好", "水壶坏了,不好", "very good 水壶")
OPTIONS = PretrainingOptions(vocabulary_size=200, layers=1, heads=2, dimensions=16, batch_size=8, learning_rate=2e-2)


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    """Learned from both languages."""
    return learn_vocabulary(Counter(split_words(20 * (*ENGLISH, *CHINESE))).items(), 200)


def test_words_are_those_of_the_tokenizer() -> None:
    assert split_words(["Café-AU lait, 水壶!"]) == ["cafe", "-", "au", "lait", ",", "水", "壶", "!"]


def test_every_text_it_was_learned_from_can_be_written_in_it(vocabulary: list[str]) -> None:
    tokenizer = scratch_tokenizer(vocabulary)
    assert vocabulary[: len(SPECIAL_TOKENS)] == list(SPECIAL_TOKENS)
    assert tokenizer.pad_token_id == 0
    assert len(set(vocabulary)) == len(vocabulary) <= 200
    unknown = tokenizer.token_to_id("[UNK]")
    for text in (*ENGLISH, *CHINESE):
        ids = np.asarray(tokenizer.tokenize(text))
        assert unknown not in ids
        assert tokenizer.detokenize(ids).replace(" ", "") == "".join(split_words([text]))
    # What occurs often is a piece of its own.
    assert {"kettle", "水", "boil"} <= set(vocabulary)


def test_the_vocabulary_does_not_depend_on_the_order(vocabulary: list[str]) -> None:
    counts = list(Counter(split_words(20 * (*ENGLISH, *CHINESE))).items())
    assert learn_vocabulary(counts[::-1], 200) == vocabulary


@pytest.mark.long
def test_loss_falls_and_what_was_learned_is_kept(tmp_path: Path, vocabulary: list[str]) -> None:
    texts = 20 * (*ENGLISH, *CHINESE)
    encoder = TextEncoder(
        backbone=new_backbone(len(vocabulary), 16, OPTIONS), tokenizer=scratch_tokenizer(vocabulary), sequence_length=16
    )
    model, summary = pretrain(encoder, texts, texts[:24], 40, OPTIONS, seed=0, log_uri=str(tmp_path / "log"))
    # Before, every piece is about as likely as any other.
    assert summary["eval_loss"]["before"] == pytest.approx(np.log(len(vocabulary)), rel=0.2)
    assert summary["eval_loss"]["after"] < 0.7 * summary["eval_loss"]["before"]
    assert list((tmp_path / "log").rglob("events*"))
    save_trained_encoder(encoder, str(tmp_path / "kept"))
    save_masked_lm_head(model, str(tmp_path / "kept"))
    words = {word for text in texts for word in split_words([text])}
    made = load_rewriter(str(tmp_path / "kept"), 0.2)(texts[:6], np.random.default_rng(0))
    # What the model has learned makes words of the shop's, not any pieces.
    found = [word for text in made for word in split_words([text])]
    assert np.mean([word in words for word in found]) > 0.8
    loaded = load_trained_encoder(str(tmp_path / "kept"))
    assert loaded.tokenizer.get_vocabulary() == vocabulary
    np.testing.assert_allclose(
        loaded.encode_tokens(np.array([[2, 7, 3]])), encoder.encode_tokens(np.array([[2, 7, 3]]))
    )
