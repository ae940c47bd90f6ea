"""A smaller BERT for queries: what it starts from, what it learns, and what stays as it was."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.random_head import encoder_with_random_head
from tests.trainer.search.tiny_search import KINDS, TinySearch, product_texts
from trainer.fitting.training_summary import run_training
from trainer.search.encoder import SearchEncoder, load_encoder, text_embedder
from trainer.search.options import SearchOptions, SearchTrainingOptions
from trainer.search.query_tower.shorter_bert import DistillationOptions, distil_query_tower, fewer_layers
from trainer.search.query_tower.text_parts import text_parts
from trainer.search.query_tower.tower import load_query_tower, mean_cosine, save_query_tower
from trainer.search.training import run
from trainer.text.backbone import load_text_encoder

QUERIES = [f"{name} {word}" for name in KINDS.values() for word in ("red", "small", "green", "")]
OPTIONS = DistillationOptions(layers=1, epochs=15, batch_size=8, learning_rate=3e-3)


@pytest.fixture(scope="module")
def full(shop: TinySearch) -> SearchEncoder:
    encoder = encoder_with_random_head(load_text_encoder(shop.text()), product_texts(), seed=5)
    encoder.text_encoder.trainable = False
    return encoder


def test_it_starts_with_copies_of_evenly_spaced_layers(full: SearchEncoder) -> None:
    short = fewer_layers(full.text_encoder, 1)
    mine, theirs = short.backbone, full.text_encoder.backbone
    assert len(mine.transformer_layers) == 1
    for name in ("token_embedding", "position_embedding", "segment_embedding", "embeddings_layer_norm"):
        for new, old in zip(getattr(mine, name).get_weights(), getattr(theirs, name).get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)
    for new, old in zip(
        mine.transformer_layers[0].get_weights(), theirs.transformer_layers[0].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(new, old)
    assert short.token_ids(tf.constant(QUERIES)).to_list() == full.token_ids(QUERIES).to_list()


@pytest.mark.parametrize("layers", [0, 2, 7])
def test_as_many_layers_as_the_full_one_are_refused(full: SearchEncoder, layers: int) -> None:
    with pytest.raises(ValueError, match=rf"`query_layers` should be from 1 to 1, .* Received {layers}\."):
        fewer_layers(full.text_encoder, layers)


def test_it_comes_close_to_the_full_one_which_stays_as_it_is(full: SearchEncoder) -> None:
    texts = product_texts()
    before = full.embed(texts, 16)
    start = SearchEncoder(fewer_layers(full.text_encoder, 1), full.head)
    tower = distil_query_tower(full, QUERIES, texts, OPTIONS, seed=0)
    np.testing.assert_array_equal(full.embed(texts, 16), before)
    assert tower.head is full.head
    first, learned = (mean_cosine(encoder, full, QUERIES, 16) for encoder in (start, tower))
    assert 1.0 - learned < 0.5 * (1.0 - first)
    # The mean of the cosines, worked out one by one.
    pairs = zip(tower.embed(QUERIES, 16), full.embed(QUERIES, 16), strict=True)
    assert learned == pytest.approx(np.mean([float(np.dot(*pair)) for pair in pairs]), abs=1e-5)
    assert np.isnan(mean_cosine(tower, full, [], 16))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("ab 牛\n", max_size=20), max_size=8), st.integers(0, 10), st.integers(0, 5))
def test_parts_are_words_that_stand_together_in_a_text(texts: list[str], most: int, seed: int) -> None:
    parts = text_parts(texts, most, np.random.default_rng(seed))
    assert len(parts) == min(most, len(texts))
    spaced = [f" {' '.join(text.split())} " for text in texts]
    for part in parts:
        assert part == "" or any(f" {part} " in text for text in spaced)
        assert len(part.split()) <= 6


@pytest.mark.long
def test_training_writes_it_beside_the_encoder(shop: TinySearch, tmp_path: Path) -> None:
    options = SearchOptions(
        text=shop.text("lora"), training=SearchTrainingOptions(batch_size=14, max_epochs=1, query_layers=1)
    )
    run_training(run, shop.request(tmp_path, options.model_dump_json()))
    uri = str(tmp_path / "model")
    encoder = load_encoder(uri)
    tower = load_query_tower(uri, encoder)
    assert tower is not None
    assert len(tower.text_encoder.backbone.transformer_layers) == 1
    said = json.loads((tmp_path / "model" / "training.json").read_text())["query_tower"]
    assert said["layers"] == 1
    assert 0.0 < said["eval_cosine"] < 1.0
    served, known = text_embedder(tower).embed(tf.constant(QUERIES))
    np.testing.assert_allclose(served, tower.embed(QUERIES, 16), atol=1e-5)
    assert known.numpy().all()


def test_none_is_found_where_none_was_written(full: SearchEncoder, tmp_path: Path) -> None:
    assert load_query_tower(str(tmp_path), full) is None
    save_query_tower(SearchEncoder(fewer_layers(full.text_encoder, 1), full.head), str(tmp_path))
    assert load_query_tower(str(tmp_path), full) is not None
