"""Texts rewritten by a masked language model: what is replaced, and by what."""

from pathlib import Path

import keras
import keras_nlp
import numpy as np
import pytest

from tests.trainer.pretraining.test_pretraining import CHINESE, ENGLISH, OPTIONS
from trainer.pretraining.masked_language import new_backbone
from trainer.pretraining.rewriting import Rewriter, load_rewriter, save_masked_lm_head
from trainer.pretraining.vocabulary import learn_vocabulary, scratch_tokenizer, split_words
from trainer.text.backbone import TextEncoder, save_trained_encoder

TEXTS = [*ENGLISH, *CHINESE, "水", "", "!"]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    """An untrained BERT."""
    words = split_words(20 * (*ENGLISH, *CHINESE))
    vocabulary = learn_vocabulary({word: words.count(word) for word in words}.items(), 200)
    keras.utils.set_random_seed(0)
    return TextEncoder(
        backbone=new_backbone(len(vocabulary), 16, OPTIONS), tokenizer=scratch_tokenizer(vocabulary), sequence_length=16
    )


class Liking:
    """A model that likes some pieces everywhere, and remembers what it was asked."""

    def __init__(self, liked: list[int], size: int) -> None:
        self.liked, self.size = liked, size
        self.asked: list[dict[str, np.ndarray]] = []

    def __call__(self, inputs: dict[str, np.ndarray], training: bool) -> np.ndarray:
        assert not training
        self.asked.append(inputs)
        logits = np.zeros((*inputs["mask_positions"].shape, self.size), np.float32)
        logits[..., self.liked] = 50.0
        logits[..., :5] = 100.0  # Special pieces, which it should not be asked for.
        return logits


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_so_many_pieces_become_what_the_model_likes(encoder: TextEncoder, share: float) -> None:
    tokenizer = encoder.tokenizer
    liked = [tokenizer.token_to_id(piece) for piece in ("水", "壶")]
    model = Liking(liked, tokenizer.vocabulary_size())
    made = Rewriter(encoder, model, share)(TEXTS, np.random.default_rng(0))
    masked = np.concatenate([asked["token_ids"] for asked in model.asked])
    for text, rewritten, row in zip(TEXTS, made, masked, strict=True):
        before = np.asarray(tokenizer.tokenize(text)).tolist()
        places = np.flatnonzero(row[1 : len(before) + 1] == tokenizer.mask_token_id)
        assert len(places) == (max(1, round(share * len(before))) if before else 0)
        after = np.array(before, int)
        after[places] = liked[0]
        pieces = rewritten.replace("壶", "水") if places.size else rewritten
        expected = tokenizer.detokenize(after).replace("壶", "水") if places.size else text
        assert pieces.replace(" ", "") == expected.replace(" ", "")


def test_what_is_loaded_rewrites_as_what_was_saved(encoder: TextEncoder, tmp_path: Path) -> None:
    model = keras_nlp.models.BertMaskedLM(backbone=encoder.backbone)
    save_trained_encoder(encoder, str(tmp_path))
    save_masked_lm_head(model, str(tmp_path))
    saved, loaded = Rewriter(encoder, model, 0.3), load_rewriter(str(tmp_path), 0.3)
    assert loaded(TEXTS, np.random.default_rng(1)) == saved(TEXTS, np.random.default_rng(1))
    assert loaded(TEXTS, np.random.default_rng(1)) != loaded(TEXTS, np.random.default_rng(2))
    assert loaded([], np.random.default_rng(1)) == []
