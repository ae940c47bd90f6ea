"""BM25 in the graph against BM25 by hand."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.words import split_words
from serving.index.lexical import LexicalIndex
from tests.serving.graph.plain_words import PlainBm25
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions

TEXTS = [
    "Green tea 12 oz",
    "green green GREEN tea",
    "Red apples, small",
    "",
    "牛奶 2.5 milk",
    "!!!",
    "Milk bread milk coffee cereal cheese bread milk 1/2",
    "Ｇｒｅｅｎ ｔｅａ",
]
QUERIES = ["green tea", "teas", "milk milk 1/2", "牛奶", "unknown", "unknown red", "", "Green TEA 12 oz 牛 奶 tea"]


def words_of(texts: list[str]) -> list[list[str]]:
    return [[word.decode() for word in row] for row in split_words(tf.constant(texts)).to_list()]


def lexical_index(texts: list[str], **options: float) -> LexicalIndex:
    return LexicalIndex(build_postings(texts, LexicalOptions(**options)))


def ids_of(index: LexicalIndex, queries: list[str]) -> Any:
    return index.word_ids(split_words(tf.constant(queries, tf.string, [len(queries)])))


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    return lexical_index(TEXTS)


@pytest.fixture(scope="module")
def plain() -> PlainBm25:
    return PlainBm25(words_of(TEXTS))


@pytest.mark.parametrize("options", [{}, {"k1": 0.0}, {"k1": 1.5, "b": 0.75}, {"b": 0.0}, {"b": 1.0}])
def test_scores_against_the_formula(options: dict[str, float]) -> None:
    index = lexical_index(TEXTS, **options)
    plain = PlainBm25(words_of(TEXTS), **options)
    expected = np.stack([plain.scores(words) for words in words_of(QUERIES)])
    np.testing.assert_allclose(index.scores(ids_of(index, QUERIES)), expected, atol=1e-5)


def test_accents_and_case_do_not_matter_on_either_side() -> None:
    index = lexical_index(["Creme eggs chocolate", "Crème brûlée torch", "CRE\u0300ME soda", "ガム", "カム"])
    queries = ["creme brulee", "Crème Brûlée", "CRÈME\u00a0brulee", "ガム"]
    scores = index.scores(ids_of(index, queries)).numpy()
    np.testing.assert_allclose(scores[:3], scores[:1].repeat(3, axis=0))
    assert scores[0].argmax() == 1
    assert (scores[0, :3] > 0.0).all()
    # A mark that only one script has makes another word.
    assert scores[3].argmax() == 3
    assert scores[3, 4] < scores[3, 3]


def test_scores_against_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s")
    texts = [text for text in TEXTS if words_of([text]) != [[]]]
    peer = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    peer.index(words_of(texts), show_progress=False)
    index = lexical_index(texts)
    for query in ("green tea", "milk 1/2", "牛奶"):
        expected = peer.get_scores(words_of([query])[0])
        np.testing.assert_allclose(index.scores(ids_of(index, [query]))[0], expected, atol=1e-5)


WORD = st.sampled_from(["a", "b", "c", "d", "e", "茶", "1/2"])
WORDS = st.lists(WORD, max_size=8).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(WORDS, min_size=1, max_size=4))
def test_any_catalogue_against_the_formula(texts: list[str], queries: list[str]) -> None:
    index, plain = lexical_index(texts), PlainBm25(words_of(texts))
    expected = [plain.scores(words) for words in words_of(queries)]
    np.testing.assert_allclose(index.scores(ids_of(index, queries)), np.stack(expected), atol=1e-5)


def test_what_words_add_sums_to_the_score(index: LexicalIndex, plain: PlainBm25) -> None:
    word_ids = ids_of(index, QUERIES)
    for product in range(len(TEXTS)):
        added = index.word_scores(word_ids, tf.fill([len(QUERIES)], product))
        np.testing.assert_allclose(tf.reduce_sum(added, axis=1), index.scores(word_ids)[:, product], atol=1e-5)
        for row, words in zip(added.to_list(), words_of(QUERIES), strict=True):
            np.testing.assert_allclose(row, [plain.score(word, product) for word in words], atol=1e-5)


def test_words_add_nothing_to_no_product(index: LexicalIndex) -> None:
    added = index.word_scores(ids_of(index, QUERIES), tf.fill([len(QUERIES)], -1))
    assert not np.any(added.flat_values)


def test_each_row_may_ask_about_another_product(index: LexicalIndex, plain: PlainBm25) -> None:
    products = [1, 0, 6, 4, 2, 2, 0, -1]
    added = index.word_scores(ids_of(index, QUERIES), tf.constant(products))
    for row, words, product in zip(added.to_list(), words_of(QUERIES), products, strict=True):
        expected = [plain.score(word, product) if product >= 0 else 0.0 for word in words]
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_rarity_sums_what_is_known(index: LexicalIndex, plain: PlainBm25) -> None:
    expected = [sum(map(plain.rarity, words)) for words in words_of(QUERIES)]
    np.testing.assert_allclose(index.rarity(ids_of(index, QUERIES)), expected, atol=1e-5)
    assert expected[4] == expected[6] == 0.0


def test_unknown_words_have_no_id(index: LexicalIndex) -> None:
    ids = ids_of(index, ["unknown red", ""]).to_list()
    assert ids[0][0] == -1
    assert ids[0][1] >= 0
    assert ids[1] == []


def test_a_word_twice_counts_twice(index: LexicalIndex) -> None:
    once, twice = (index.scores(ids_of(index, [query])) for query in ("milk", "milk Milk"))
    np.testing.assert_allclose(twice, 2.0 * once)
    assert np.any(once)


def test_no_queries_have_no_scores(index: LexicalIndex) -> None:
    assert index.scores(ids_of(index, [])).shape == (0, len(TEXTS))
    assert index.rarity(ids_of(index, [])).shape == (0,)


def test_a_catalogue_of_one_product() -> None:
    index, plain = lexical_index(["green tea"]), PlainBm25([["green", "tea"]])
    word_ids = ids_of(index, ["green tea", "milk"])
    np.testing.assert_allclose(index.scores(word_ids), [plain.scores(["green", "tea"]), [0.0]], atol=1e-5)
    assert np.all(index.scores(word_ids)[0] > 0.0)


@pytest.mark.parametrize("texts", [[""], ["", "!!!", "😀"]])
def test_a_catalogue_without_any_word(texts: list[str]) -> None:
    index = lexical_index(texts)
    word_ids = ids_of(index, ["green tea", ""])
    np.testing.assert_array_equal(index.scores(word_ids), np.zeros((2, len(texts))))
    np.testing.assert_array_equal(index.rarity(word_ids), [0.0, 0.0])
    assert index.word_scores(word_ids, tf.constant([0, 0])).to_list() == [[0.0, 0.0], []]
