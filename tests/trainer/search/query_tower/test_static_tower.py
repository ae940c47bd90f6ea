"""A query tower without attention: what it computes, what it learns, and what it does not know."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.random_head import encoder_with_random_head
from tests.trainer.search.tiny_search import KINDS, TinySearch, product_texts
from trainer.fitting.training_summary import run_training
from trainer.search.encoder import SearchEncoder, load_encoder, special_tokens
from trainer.search.options import SearchOptions, SearchTrainingOptions
from trainer.search.query_tower.lessons import LessonCounts, Lessons, new_lessons
from trainer.search.query_tower.static_tower import StaticQueryTower, StaticTower
from trainer.search.query_tower.static_training import StaticTowerOptions, teach_static_tower
from trainer.search.query_tower.text_parts import text_parts
from trainer.search.query_tower.tower import load_query_tower, mean_cosine, save_query_tower
from trainer.search.training import run
from trainer.text.backbone import load_text_encoder

QUERIES = [f"{name} {word}" for name in KINDS.values() for word in ("red", "small", "green", "")]
OPTIONS = StaticTowerOptions(
    epochs=60,
    batch_size=8,
    learning_rate=1e-2,
    token_learning_rate=0.1,
    hidden=32,
    asked=LessonCounts(parts=100, words=100, mixtures=100),
)


@pytest.fixture(scope="module")
def full(shop: TinySearch) -> SearchEncoder:
    return encoder_with_random_head(load_text_encoder(shop.text()), product_texts(), seed=5)


@pytest.fixture(scope="module")
def taught(full: SearchEncoder) -> StaticQueryTower:
    return teach(full, OPTIONS)


def teach(full: SearchEncoder, options: StaticTowerOptions) -> StaticQueryTower:
    known = Lessons(full.token_ids(QUERIES), full.embed(QUERIES, 16))
    texts = product_texts()
    return teach_static_tower(full, known, texts, full.token_ids(texts), options, seed=0)


def by_hand(tower: StaticQueryTower, text: str) -> np.ndarray:
    """One text's vector, token by token."""
    vectors, inner, bias, outer = (weight.astype(np.float64) for weight in tower.tower.get_weights())
    tokens = tower.text_encoder.token_ids(tf.constant([text])).numpy()[0][1:-1]
    total = sum((vectors[token] for token in tokens), np.zeros(vectors.shape[1]))
    total /= np.sqrt(np.square(total).sum())
    changed = total + outer.T @ np.maximum(inner.T @ total + bias, 0.0)
    return changed / np.sqrt(np.square(changed).sum())


def test_it_computes_what_it_says(taught: StaticQueryTower) -> None:
    texts = ["red milk", "12 oz TEA", "milk milk green", "bread"]
    expected = [by_hand(taught, text) for text in texts]
    np.testing.assert_allclose(taught.embed(texts), expected, atol=1e-5)
    # One a call is the same.
    np.testing.assert_allclose(taught.embed(texts, 1), expected, atol=1e-5)
    assert taught.embed([]).shape == (0, taught.tower.dimensions)


def test_it_comes_close_to_the_full_one_which_stays_as_it_is(full: SearchEncoder, taught: StaticQueryTower) -> None:
    before = full.embed(QUERIES, 16)
    start = teach(full, OPTIONS._replace(epochs=1, learning_rate=0.0, token_learning_rate=0.0))
    np.testing.assert_array_equal(full.embed(QUERIES, 16), before)
    first, learned = (mean_cosine(tower, full, QUERIES, 16) for tower in (start, taught))
    assert first > 0.5
    assert 1.0 - learned < 0.5 * (1.0 - first)
    assert learned > 0.98


def test_the_same_seed_gives_the_same_tower(full: SearchEncoder) -> None:
    options = OPTIONS._replace(epochs=2)
    first, second = (teach(full, options).embed(QUERIES) for _ in range(2))
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_tokens_that_say_nothing_have_no_vector(taught: StaticQueryTower) -> None:
    vectors = taught.tower.token_vectors.embeddings.numpy()
    empty = np.flatnonzero(~vectors.any(axis=1))
    assert set(empty) == set(special_tokens(taught.text_encoder))
    _, known = taught.embedder().embed(tf.constant(["milk", "", "🙂 🙂", "🙂 milk", "  ", "қ"]))
    assert known.numpy().tolist() == [True, False, False, True, False, False]


def test_what_is_saved_is_what_was_taught(full: SearchEncoder, taught: StaticQueryTower, tmp_path: Path) -> None:
    expected = taught.embed(QUERIES)
    save_query_tower(taught, str(tmp_path / "model"))
    loaded = load_query_tower(str(tmp_path / "model"), full)
    assert isinstance(loaded, StaticQueryTower)
    np.testing.assert_allclose(loaded.embed(QUERIES), expected, atol=1e-6)
    tf.saved_model.save(taught.embedder(), str(tmp_path / "served"))
    served = tf.saved_model.load(str(tmp_path / "served"))
    vectors, known = served.embed(tf.constant(QUERIES))
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert known.numpy().all()


def test_a_tower_can_be_made_again_from_its_configuration() -> None:
    tower = StaticTower(dimensions=4, vocabulary_size=7, hidden=3)
    assert StaticTower.from_config(tower.get_config()).get_config() == tower.get_config()


def test_words_that_no_other_lesson_has_are_asked_for_by_themselves(full: SearchEncoder) -> None:
    texts, random = product_texts(), np.random.default_rng(0)
    seen = full.token_ids(["milk"])
    lessons = new_lessons(full, texts, seen, LessonCounts(3, 1_000, 0), 16, random)
    np.testing.assert_allclose(np.linalg.norm(lessons.vectors, axis=1), 1.0, atol=1e-5)
    rows = lessons.token_ids.to_list()
    vocabulary = full.text_encoder.tokenizer.vocabulary
    words = {vocabulary[row[1]] for row in rows if len(row) == 3}
    assert "cheese" in words
    assert not {token for token in words if token.startswith(("##", "["))}
    # Each word is one lesson at the most, and "milk" has one already unless a part of a title is it.
    assert len({tuple(row) for row in rows}) == len(rows)
    # The same parts, and two words.
    parts = {tuple(row) for row in full.token_ids(drawn_parts(texts)).to_list()}
    fewer = new_lessons(full, texts, seen, LessonCounts(3, 2, 0), 16, np.random.default_rng(0))
    assert len(fewer) == len(parts) + 2


def test_words_of_the_vocabulary_are_mixed_with_parts_of_texts(full: SearchEncoder) -> None:
    texts, words = product_texts(), set(full.text_encoder.tokenizer.vocabulary)
    draws = [
        new_lessons(full, texts, full.token_ids([]), LessonCounts(0, 0, 6), 16, np.random.default_rng(0))
        for _ in range(2)
    ]
    assert draws[0].token_ids.to_list() == draws[1].token_ids.to_list()
    assert 1 < len(draws[0]) <= 6
    # [CLS] and [SEP] come with two pieces at least, and pieces are of the vocabulary.
    assert all(len(row) >= 4 for row in draws[0].token_ids.to_list())
    decoded = [
        [full.text_encoder.tokenizer.vocabulary[token] for token in row[1:-1]] for row in draws[0].token_ids.to_list()
    ]
    assert all(set(row) <= words for row in decoded)


def drawn_parts(texts: list[str]) -> list[str]:
    """Returns what the seed 0 draws of the texts."""
    drawn = text_parts(texts, 3, np.random.default_rng(0), fewest_words=1, most_words=4)
    return sorted({part for part in drawn if part})


def test_training_writes_it_beside_the_encoder(shop: TinySearch, tmp_path: Path) -> None:
    # In every other test of a whole run BERT stays as it is.
    options = SearchOptions(text=shop.text("lora"), training=SearchTrainingOptions(batch_size=14, max_epochs=1))
    assert options.training.query_layers == "static"
    run_training(run, shop.request(tmp_path, options.model_dump_json()))
    uri = str(tmp_path / "model")
    encoder = load_encoder(uri)
    tower = load_query_tower(uri, encoder)
    assert isinstance(tower, StaticQueryTower)
    said = json.loads((tmp_path / "model" / "training.json").read_text())["query_tower"]
    assert said["layers"] == "static"
    assert 0.5 < said["eval_cosine"] <= 1.0
