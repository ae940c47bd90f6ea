"""The typed client's search against a real server."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from serving.client import AsyncShelfwise, SearchAnswer, Shelfwise
from serving.search.grouping.groups import OTHER
from tests.serving.client.awaited import awaited
from tests.serving.recommendation.small_shop import ODD_IDS
from tests.serving.search.search_shop import PRODUCTS, PlainSearch, Search, assert_best, words_of
from tfx_pipeline.tasks.search import search_command


@pytest.fixture
def client(search_address: str) -> Iterator[Shelfwise]:
    with Shelfwise(search_address, timeout_seconds=20) as made:
        yield made


def pairs(answers: list[SearchAnswer]) -> list[tuple[str, float]]:
    return [(answer.product_id, answer.score) for answer in answers]


def test_search_passes_every_option_on(client: Shelfwise, plain_search: PlainSearch) -> None:
    search = Search("green 牛奶 tea", 6, "Home", 45.0, True, ["P004", "牛奶"])
    answers = client.search(
        search.query, k=6, category="Home", max_price=45.0, in_stock_only=True, exclude_ids=["P004", "牛奶"]
    )
    assert_best(pairs(answers), plain_search.scores(search), 6)
    assert answers == client.search(
        search.query, k=6, category="Home", max_price=45.0, in_stock_only=True, exclude_ids=["P004", "牛奶"]
    )


def test_titles_and_clusters_go_with_their_products(client: Shelfwise, plain_search: PlainSearch) -> None:
    answers = client.search("牛奶", k=100)
    assert {answer.product_id for answer in answers} == set(plain_search.place) > set(ODD_IDS)
    for answer in answers:
        place = plain_search.place[answer.product_id]
        assert answer.title == plain_search.rows[place]["title"]
        assert answer.cluster_label in labels_of(plain_search)
    assert sorted({answer.cluster_id for answer in answers}) == [*range(len({each.cluster_label for each in answers}))]


def labels_of(shop: PlainSearch) -> list[str]:
    """What groups of the small shop can be called."""
    return [OTHER, *(label.decode() for label in shop.groups.labels)]


@pytest.mark.parametrize("query", ["", " ", "😀", "?!", "\0"])
def test_nothing_known_finds_nothing(client: Shelfwise, query: str) -> None:
    assert client.search(query) == []


def test_any_k(client: Shelfwise) -> None:
    assert [len(client.search("tea", k=k)) for k in (-1, 0, 3, 1_000)] == [0, 0, 3, PRODUCTS]


def test_who_asks_finds_what_was_had_first(client: Shelfwise) -> None:
    plain = [answer.product_id for answer in client.search("green tea", k=9)]
    assert [answer.product_id for answer in client.personal_search("green tea", k=9)] == plain
    had, other = plain[5], plain[2]
    found = client.personal_search("green tea", [had, "gone"], ["purchase", "view"], [60.0, 5.0], k=9)
    assert [answer.product_id for answer in found] == [had, *(each for each in plain if each != had)]
    # A filter holds, whoever asks, and what is named comes first.
    assert had not in {each.product_id for each in client.personal_search("green tea", [had], k=9, exclude_ids=[had])}
    assert client.personal_search(other, [had])[0].product_id == other


def test_product_facts_are_those_of_the_catalogue(client: Shelfwise, plain_search: PlainSearch) -> None:
    facts = client.product_facts(["no such product", *plain_search.place])
    prices = {
        row["product_id"]: None if np.isnan(row["price"] or np.nan) else row["price"] for row in plain_search.rows
    }
    titles = {row["product_id"]: row["title"] for row in plain_search.rows}
    assert [each.product_id for each in facts] == [each for each in titles if titles[each] or prices[each] is not None]
    for each in facts:
        assert (each.title, each.price) == (titles[each.product_id], pytest.approx(prices[each.product_id]))


def test_a_chat_finds_what_the_search_finds_also_where_nothing_else_is_served(
    client: Shelfwise, search_address: str, plain_search: PlainSearch
) -> None:
    answer = client.chat(["do you have green tea?"])
    found = client.personal_search("green tea", k=3, in_stock_only=True)
    assert [each.product_id for each in answer.products] == [each.product_id for each in found]
    prices = {row["product_id"]: row["price"] for row in plain_search.rows}
    assert [each.price for each in answer.products] == [
        pytest.approx(prices[each.product_id]) for each in answer.products
    ]
    cheaper = client.chat(["do you have green tea?", answer, "under 20"])
    assert cheaper.understood == "price at most 20"
    assert cheaper.products
    assert all(each.price is not None and each.price < 20.0 for each in cheaper.products)
    assert cheaper.asked == answer.asked == "green tea"
    assert awaited(search_address, lambda later: later.chat(["do you have green tea?"])) == answer


def test_explain_search(client: Shelfwise, plain_search: PlainSearch) -> None:
    best = client.search("green teas 牛奶", k=1)[0]
    words = client.explain_search("green teas 牛奶", best.product_id)
    asked = ["green", "teas", "牛", "奶", "牛奶"]
    indexed, place = words_of(["green teas 牛奶"])[0], plain_search.place[best.product_id]
    added = plain_search.bm25.added(indexed, place)
    parts = dict(zip([*asked, *(pair for pair, _ in added[len(asked) :])], [score for _, score in added], strict=True))
    assert {word.word for word in words} == {word for word, score in parts.items() if score or word in asked[:4]}
    strengths = [abs(word.lexical + word.dense) for word in words]
    assert strengths == sorted(strengths, reverse=True)
    assert [word.lexical for word in words] == pytest.approx([0.7 * parts[word.word] for word in words], abs=1e-4)
    assert any(word.dense != 0.0 for word in words if word.word in asked[:4])
    assert all(word.dense == 0.0 for word in words if word.word not in asked[:4])
    assert client.explain_search("green tea", "gone") == []
    assert client.explain_search("", best.product_id) == []


def test_embed_query(client: Shelfwise, plain_search: PlainSearch) -> None:
    vector = client.embed_query("green tea")
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, plain_search.embed("green tea"), atol=1e-4)


def test_too_many_excluded_ids_are_refused_before_they_are_sent(client: Shelfwise) -> None:
    with pytest.raises(ValueError, match="`exclude_ids` takes at most 100 values, got 101"):
        client.search("tea", exclude_ids=[str(number) for number in range(101)])


def test_half_a_surrogate_pair_is_refused_before_it_is_sent(client: Shelfwise) -> None:
    with pytest.raises(ValueError, match=r"character 4 of 'milk.ud83d' is half of a surrogate pair; decode"):
        client.search("milk\ud83d")


def test_the_awaited_client_gives_the_same_also_at_once(search_address: str) -> None:
    queries = ["green tea", "牛奶", "bread", ""] * 4
    with Shelfwise(search_address, timeout_seconds=20) as client:
        expected = [client.search(query, k=3, category="Home") for query in queries]
        vector, words = client.embed_query("green tea"), client.explain_search("green tea", expected[0][0].product_id)

    async def ask_at_once(client: AsyncShelfwise) -> Any:
        found = await asyncio.gather(*(client.search(query, k=3, category="Home") for query in queries))
        one = await client.explain_search("green tea", expected[0][0].product_id)
        return found, one, await client.embed_query("green tea")

    found, one, embedded = awaited(search_address, ask_at_once)
    assert (found, one) == (expected, words)
    np.testing.assert_allclose(embedded, vector, atol=1e-5)


def ask(address: str, *, as_json: bool, explain: bool = True, query: str = "green 牛奶 tea") -> None:
    search_command.search(
        query,
        k=4,
        category="",
        max_price=0.0,
        in_stock_only=False,
        explain=explain,
        address=address,
        as_json=as_json,
    )


def test_the_command_prints_json(search_address: str, capsys: pytest.CaptureFixture[str]) -> None:
    ask(search_address, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 4
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert {word["word"] for word in rows[0]["words"]} == {"green", "牛", "奶", "tea", "牛奶"}
    ask(search_address, as_json=True, explain=False)
    assert [{**row, "words": None} for row in rows] == [
        {**row, "words": None} for row in json.loads(capsys.readouterr().out)
    ]


def test_the_command_prints_a_table(
    search_address: str, plain_search: PlainSearch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = labels_of(plain_search)
    ask(search_address, as_json=False, explain=False)
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert shown[1] in labels
    assert sum(line not in labels for line in shown[1:]) == 4
    ask(search_address, as_json=False, query="😀")
    assert capsys.readouterr().out.splitlines() == ["no product fits"]
