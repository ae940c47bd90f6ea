"""BM25 in the graph against BM25 by hand."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.words import index_words, joined_pairs, plain_words, singular_words, split_words
from serving.index.lexical import AskedWords, LexicalIndex
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


def ask(index: LexicalIndex, queries: list[str]) -> AskedWords:
    words = plain_words(tf.constant(queries, tf.string, [len(queries)]))
    return index.ask(index_words(words), joined_pairs(singular_words(words)))


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
    np.testing.assert_allclose(index.scores(ask(index, QUERIES)), expected, atol=1e-5)


def test_accents_and_case_do_not_matter_on_either_side() -> None:
    index = lexical_index(["Creme eggs chocolate", "Crème brûlée torch", "CRE\u0300ME soda", "ガム", "カム"])
    queries = ["creme brulee", "Crème Brûlée", "CRÈME\u00a0brulee", "ガム"]
    scores = index.scores(ask(index, queries)).numpy()
    np.testing.assert_allclose(scores[:3], scores[:1].repeat(3, axis=0))
    assert scores[0].argmax() == 1
    assert (scores[0, :3] > 0.0).all()
    # A mark that only one script has makes another word.
    assert scores[3].argmax() == 3
    assert scores[3, 4] < scores[3, 3]


@pytest.mark.parametrize("query", ["green", "tea", "milk", "牛"])
def test_one_word_ranks_as_with_bm25s(query: str) -> None:
    """With one word its rarity and how much is covered are the same for all texts that have it."""
    bm25s = pytest.importorskip("bm25s")
    texts = [text for text in TEXTS if words_of([text]) != [[]]]
    peer = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    peer.index(words_of(texts), show_progress=False)
    scores = lexical_index(texts).scores(ask(lexical_index(texts), [query]))[0].numpy()
    expected = peer.get_scores([query])
    np.testing.assert_allclose(scores / scores.max(), expected / expected.max(), atol=1e-5)


WORD = st.sampled_from(["a", "b", "cc", "dd", "ccdd", "茶", "1/2"])
WORDS = st.lists(WORD, max_size=8).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(WORDS, min_size=1, max_size=4))
def test_any_catalogue_against_the_formula(texts: list[str], queries: list[str]) -> None:
    index, plain = lexical_index(texts), PlainBm25(words_of(texts))
    expected = np.stack([plain.scores(words) for words in words_of(queries)])
    found = index.scores(ask(index, queries)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found >= 0.0).all()
    assert (found <= 1.0).all()


def test_what_words_add_sums_to_the_score(index: LexicalIndex, plain: PlainBm25) -> None:
    asked = ask(index, QUERIES)
    for text in range(len(TEXTS)):
        added = index.word_scores(asked, tf.fill([len(QUERIES)], text))
        np.testing.assert_allclose(tf.reduce_sum(added, axis=1), index.scores(asked)[:, text], atol=1e-5)
        for row, words in zip(added.to_list(), words_of(QUERIES), strict=True):
            np.testing.assert_allclose(row, [score for _, score in plain.added(words, text)], atol=1e-5)


def test_words_add_nothing_to_no_text(index: LexicalIndex) -> None:
    assert not np.any(index.word_scores(ask(index, QUERIES), tf.fill([len(QUERIES)], -1)).flat_values)


def test_each_row_may_ask_about_another_text(index: LexicalIndex, plain: PlainBm25) -> None:
    texts = [1, 0, 6, 4, 2, 2, 0, -1]
    added = index.word_scores(ask(index, QUERIES), tf.constant(texts))
    for row, words, text in zip(added.to_list(), words_of(QUERIES), texts, strict=True):
        expected = [score if text >= 0 else 0.0 for _, score in plain.added(words, max(text, 0))]
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_a_query_is_known_where_a_text_has_a_word_of_it(index: LexicalIndex) -> None:
    known = index.knows(ask(index, ["unknown", "unknown red", "", "tea"])).numpy().tolist()
    assert known == [False, True, False, True]


def test_unknown_words_have_no_id(index: LexicalIndex) -> None:
    asked = ask(index, ["unknown red", ""])
    assert asked.ids[0] == -1
    assert asked.ids[1] >= 0
    assert asked.rows.numpy().tolist() == [0, 0, 0]
    assert asked.queries == 2


def test_what_no_text_has_leaves_less_to_the_words_that_are_there(index: LexicalIndex) -> None:
    alone, beside = (index.scores(ask(index, [query])).numpy() for query in ("tea", "tea unheardof"))
    assert (beside[alone > 0.0] < alone[alone > 0.0]).all()


def test_all_words_are_better_than_one_rare_one() -> None:
    index = lexical_index(["red wine", "red grapes", "wine glass", "free range eggs", "red paint", "red tape"])
    scores = index.scores(ask(index, ["red wine"]))[0].numpy()
    assert scores.argmax() == 0
    # Half of what was asked for is worth less than half.
    assert scores[0] > 2.0 * scores[1:].max()


SOUPS, CHICKENS = ["Dry soup", "Bean soup", "Soup bowl"], ["Chicken wings", "Fresh chicken", "Ground chicken"]


@pytest.mark.parametrize("kinds", [["soup"], ["soup", "chicken"]])
def test_what_lacks_the_kind_that_is_asked_for_counts_less(kinds: list[str]) -> None:
    texts = [*SOUPS, *CHICKENS, "牛奶", "kids for tea", "with"]
    queries = [
        "chicken soup",
        "soups for chicken",
        "soup",
        "soup 牛奶",
        "chicken soup teas",
        "with soup",
        "soup soup",
        "",
    ]
    postings = build_postings(texts, LexicalOptions())
    postings = dataclasses.replace(postings, kinds=np.isin([word.decode() for word in postings.words], kinds))
    index, plain = LexicalIndex(postings), PlainBm25(words_of(texts), kinds=kinds)
    asked = ask(index, queries)
    found = index.scores(asked).numpy()
    np.testing.assert_allclose(found, np.stack([plain.scores(words) for words in words_of(queries)]), atol=1e-5)
    assert found[0, :3].min() > found[0, 3:].max()
    for text in range(len(texts)):
        added = index.word_scores(asked, tf.fill([len(queries)], text))
        np.testing.assert_allclose(tf.reduce_sum(added, axis=1), found[:, text], atol=1e-5)


def test_two_words_are_found_as_one_and_one_as_two() -> None:
    index = lexical_index(["Light bulb 60 W", "Lightbulbs", "Bulb of a tulip, light", "Light bulbs, 4 pk", "Garden"])
    apart, together = (index.scores(ask(index, [query]))[0].numpy() for query in ("light bulb", "lightbulb"))
    assert (together[[0, 1, 3]] > 0.0).all()
    assert together[2] == together[4] == 0.0
    assert (apart[:4] > 0.0).all()
    # Next to each other they are worth more.
    assert apart[0] > apart[2]


def test_no_queries_have_no_scores(index: LexicalIndex) -> None:
    assert index.scores(ask(index, [])).shape == (0, len(TEXTS))
    assert index.knows(ask(index, [])).shape == (0,)


def test_a_catalogue_of_one_text() -> None:
    index, plain = lexical_index(["green tea"]), PlainBm25([["green", "tea"]])
    scores = index.scores(ask(index, ["green tea", "milk"]))
    np.testing.assert_allclose(scores, [plain.scores(["green", "tea"]), [0.0]], atol=1e-5)
    assert np.all(scores[0] > 0.0)


@pytest.mark.parametrize("texts", [[""], ["", "!!!", "😀"]])
def test_a_catalogue_without_any_word(texts: list[str]) -> None:
    index = lexical_index(texts)
    asked = ask(index, ["green tea", ""])
    np.testing.assert_array_equal(index.scores(asked), np.zeros((2, len(texts))))
    np.testing.assert_array_equal(index.knows(asked), [False, False])
    assert index.word_scores(asked, tf.constant([0, 0])).to_list() == [[0.0, 0.0, 0.0], []]
