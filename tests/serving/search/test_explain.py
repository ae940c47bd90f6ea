"""What `explain` says, against scores worked out in plain Python with words left out."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.search.explanation import MAX_EXPLAINED_WORDS
from tests.serving.search.search_shop import BOTH, LEXICAL, PlainSearch, texts, words_of

# Queries with their words, and with the pairs of neighbours that come after.
QUERIES: list[tuple[str, list[str], list[str]]] = [
    ("Green teas 1/2", ["green", "teas", "1/2"], []),
    ("红牛奶 tea", ["红", "牛", "奶", "tea"], ["红牛", "牛奶"]),
    ("milk milk", ["milk", "milk"], []),
    ("unheardof tea!", ["unheardof", "tea"], []),
    ("奶", ["奶"], []),
    ("tea\nmilk", ["tea", "milk"], []),
    ("", [], []),
    ("😀", [], []),
]
PRODUCTS = ["P003", "牛奶", "nul\0", "with space", "0"]

Explanation = list[tuple[str, float, float]]


def explain(signature: Any, queries: list[str], product_ids: list[str]) -> list[Explanation]:
    """Explanations without their padding, which is checked."""
    outputs = signature(query=tf.constant(texts(queries)), product_id=tf.constant(texts(product_ids)))
    rows = []
    for columns in zip(*(outputs[name].numpy() for name in ("words", "lexical", "dense")), strict=True):
        count = int(np.sum(columns[0] != b""))
        for column, padding in zip(columns, (b"", 0.0, 0.0), strict=True):
            assert all(value == padding for value in column[count:])
        words = [word.decode() for word in columns[0][:count]]
        rows.append(list(zip(words, columns[1][:count].tolist(), columns[2][:count].tolist(), strict=True)))
    return rows


def explain_all(signature: Any, product_id: str) -> list[Explanation]:
    return explain(signature, [query for query, _, _ in QUERIES], [product_id] * len(QUERIES))


@pytest.mark.parametrize("product_id", PRODUCTS)
def test_words_and_pairs_that_fit_with_their_parts_of_the_lexical_score(
    reloaded: Any, plain_search: PlainSearch, product_id: str
) -> None:
    place = plain_search.place[product_id]
    for row, (query, plain, pairs) in zip(
        explain_all(reloaded.signatures["explain"], product_id), QUERIES, strict=True
    ):
        indexed = words_of([query])[0]
        added = plain_search.bm25.added(indexed, place)
        joined = [word for word, _ in added[len(indexed) :]]
        scores = [BOTH.lexical * score for _, score in added]
        expected = list(zip(plain + pairs + joined, scores, strict=True))
        expected = expected[: len(plain)] + [(pair, score) for pair, score in expected[len(plain) :] if score]
        found = sorted((word, lexical) for word, lexical, _ in row)
        assert [word for word, _ in found] == [word for word, _ in sorted(expected)]
        np.testing.assert_allclose([score for _, score in found], [score for _, score in sorted(expected)], atol=1e-4)
        strengths = [abs(lexical + dense) for _, lexical, dense in row]
        assert strengths == sorted(strengths, reverse=True)
        whole = BOTH.lexical * plain_search.lexical(query)[place]
        assert sum(lexical for _, lexical, _ in row) == pytest.approx(whole, abs=1e-4)


@pytest.mark.parametrize("product_id", PRODUCTS)
def test_what_the_meaning_loses_without_a_word(reloaded: Any, plain_search: PlainSearch, product_id: str) -> None:
    place = plain_search.place[product_id]
    for row, (_, plain, _) in zip(explain_all(reloaded.signatures["explain"], product_id), QUERIES, strict=True):
        losses = [
            plain_search.dense(" ".join(plain))[place]
            - plain_search.dense(" ".join(plain[:left_out] + plain[left_out + 1 :]))[place]
            for left_out in range(len(plain))
        ]
        expected = sorted((word, BOTH.dense * loss) for word, loss in zip(plain, losses, strict=True))
        found = sorted((word, dense) for word, _, dense in row if word in plain)
        assert [word for word, _ in found] == [word for word, _ in expected]
        np.testing.assert_allclose([loss for _, loss in found], [loss for _, loss in expected], atol=1e-4)
        assert not any(dense for word, _, dense in row if word not in plain)


@pytest.mark.parametrize("product_id", ["gone", "", "nul"])
def test_an_unknown_product_has_no_words(reloaded: Any, product_id: str) -> None:
    assert explain_all(reloaded.signatures["explain"], product_id) == [[]] * len(QUERIES)


def test_each_row_asks_about_its_own_product(reloaded: Any) -> None:
    signature = reloaded.signatures["explain"]
    together = explain(signature, ["green tea", "牛奶", "green tea"], ["P003", "牛奶", "gone"])
    assert together[2] == []
    for row, query, product_id in zip(together, ["green tea", "牛奶"], ["P003", "牛奶"], strict=False):
        (alone,) = explain(signature, [query], [product_id])
        assert [word for word, _, _ in row] == [word for word, _, _ in alone]
        np.testing.assert_allclose([part[1:] for part in row], [part[1:] for part in alone], atol=1e-5)


@pytest.mark.parametrize("query", ["green tea " * 20 + "milk", "milk " * 100, "红牛奶" * 20])
def test_the_first_words_of_a_long_query_count_as_in_the_whole(
    reloaded: Any, plain_search: PlainSearch, query: str
) -> None:
    place = plain_search.place["P003"]
    (row,) = explain(reloaded.signatures["explain"], [query], ["P003"])
    asked = words_of([query])[0][:64]
    plain = [word for word in asked if len(word) != 2]
    assert not Counter(plain[:MAX_EXPLAINED_WORDS]) - Counter(word for word, _, _ in row)
    added = dict(plain_search.bm25.added(asked, place))
    assert all(lexical == pytest.approx(BOTH.lexical * added[word], abs=1e-4) for word, lexical, _ in row)
    whole = BOTH.lexical * plain_search.bm25.scores(asked)[place]
    assert sum(lexical for _, lexical, _ in row) == pytest.approx(whole, abs=1e-4)


def test_without_the_dense_side_meaning_adds_nothing(plain_search: PlainSearch) -> None:
    signature = plain_search.module(LEXICAL).signatures("explain")["explain"]
    for row, (query, _, _) in zip(explain_all(signature, "P003"), QUERIES, strict=True):
        assert all(dense == 0.0 for _, _, dense in row)
        share = plain_search.lexical(query)[plain_search.place["P003"]]
        assert sum(lexical for _, lexical, _ in row) == pytest.approx(share, abs=1e-4)
