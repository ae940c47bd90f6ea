"""The typed client against a real server."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from serving.client import Answer, Shelfwise
from shelfwise_client.call import Call, Outputs, Row, texts
from shelfwise_client.errors import ModelNotFoundError, RefusedRequestError, ServerUnavailableError
from tests.serving.client.awaited import awaited
from tests.serving.recommendation.small_shop import HISTORY_LENGTH, ODD_IDS, Ask, PlainShop, assert_same


@pytest.fixture
def client(address: str) -> Iterator[Shelfwise]:
    with Shelfwise(address, timeout_seconds=20) as made:
        yield made


def pairs(answers: list[Answer]) -> list[tuple[str, float]]:
    return [(answer.product_id, answer.score) for answer in answers]


def test_recommend_passes_every_option_on(client: Shelfwise, plain_shop: PlainShop) -> None:
    ids, types, ages = ["P001", "牛奶", "P003"], ["view", "purchase", "cart"], [50.0, 20.0, 1.0]
    answers = client.recommend(
        ids,
        types,
        ages,
        k=6,
        category="Home",
        max_price=45.0,
        in_stock_only=True,
        exclude_ids=["P004"],
        include_bought=False,
    )
    ask = Ask(ids, types, ages, 6, "Home", 45.0, True, ["P004"], False)
    assert_same(pairs(answers), plain_shop.recommend(ask))
    titles = {row["product_id"]: row["title"] for row in plain_shop.rows}
    assert [answer.title for answer in answers] == [titles[answer.product_id] for answer in answers]


def test_a_longer_history_is_cut_to_its_latest_events(client: Shelfwise, plain_shop: PlainShop) -> None:
    ids = [f"P{number:03d}" for number in range(20)]
    ages = [float(100 - number) for number in range(20)]
    ask = Ask(ids[-HISTORY_LENGTH:], ["view"] * HISTORY_LENGTH, ages[-HISTORY_LENGTH:], 4)
    assert_same(pairs(client.recommend(ids, ["view"] * 20, ages, k=4)), plain_shop.recommend(ask))


def test_no_history_gets_popular_products(client: Shelfwise, plain_shop: PlainShop) -> None:
    assert_same(pairs(client.recommend(k=3)), plain_shop.recommend(Ask(k=3)))


@pytest.mark.parametrize("product_id", ODD_IDS)
def test_odd_ids_go_there_and_back(client: Shelfwise, product_id: str) -> None:
    assert len(client.similar(product_id, 3)) == 3
    everything = client.recommend([product_id], k=100)
    assert product_id in {answer.product_id for answer in everything}


def test_similar_and_embed(client: Shelfwise) -> None:
    assert client.similar("gone") == []
    assert client.similar("P001", 0) == []
    assert np.linalg.norm(client.embed(["P001"])) > 0


def test_lists_that_do_not_fit_are_refused_before_they_are_sent(client: Shelfwise) -> None:
    with pytest.raises(ValueError, match="`history_types` must have one value for each of the 2 ids, got 1"):
        client.recommend(["a", "b"], ["view"])
    with pytest.raises(ValueError, match="`exclude_ids` takes at most 100 values, got 101"):
        client.recommend(exclude_ids=[str(number) for number in range(101)])


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.segment([1082185]),
        lambda client: client.explain_segment(["a", 1082185]),
        lambda client: client.recommend([1082185]),
        lambda client: client.recommend(["a"], exclude_ids=[1082185]),
        lambda client: client.embed([1082185]),
        lambda client: client.similar(1082185),
        lambda client: client.bought_together([1082185]),
        lambda client: client.search("tea", exclude_ids=[1082185]),
        lambda client: client.classify(1082185),
    ],
)
def test_ids_that_are_no_text_are_refused_before_they_are_sent(client: Shelfwise, ask: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="should be of type str, but 1082185 is of type int; send it as"):
        ask(client)


def test_what_the_server_says_becomes_an_exception(client: Shelfwise) -> None:
    with pytest.raises(ModelNotFoundError, match="nope"):
        client.predict("nope", "serving_default", {})
    with pytest.raises(RefusedRequestError, match="input size does not match"):
        client.predict("recommendation", "embed", {})
    with pytest.raises(ValueError, match="has no signature `nope`"):
        client.input_shapes("recommendation", "nope")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda client: client.bought_together("P001"), "is a single one; put it in a list"),
        (lambda client: client.recommend("P001"), "is a single one; put it in a list"),
        (lambda client: client.similar("P001", k=2.5), "`k` should be a whole number up to 2147483647, got 2.5"),
        (lambda client: client.recommend(k="3"), "`k` should be a whole number"),
        (lambda client: client.search(None), "should be of type str, but None"),
        (lambda client: client.search("tea", k=10**12), "`k` should be a whole number"),
    ],
)
def test_what_is_wrong_is_said_before_it_is_sent(client: Shelfwise, ask: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(client)


def test_nobody_at_the_address() -> None:
    with (
        Shelfwise("127.0.0.1:1", timeout_seconds=5) as client,
        pytest.raises(ServerUnavailableError, match="shelfwise serve"),
    ):
        client.recommend(["P001"])


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.recommend(["P001", "牛奶"], ["view", "purchase"], [9.0, 2.0], k=4, exclude_ids=["P004"]),
        lambda client: client.recommend(k=3, category="Home", max_price=40.0, in_stock_only=True, include_bought=False),
        lambda client: client.similar("P001", 3),
        lambda client: client.bought_together(["P001", "P002", "P003"]),
    ],
)
def test_the_awaited_client_gives_the_same(address: str, ask: Callable[[Any], Any]) -> None:
    with Shelfwise(address, timeout_seconds=20) as client:
        expected = ask(client)
    assert expected
    assert awaited(address, ask) == expected


def test_mistakes_and_refusals_are_raised_when_awaited(address: str) -> None:
    with pytest.raises(ValueError, match="`exclude_ids` takes at most 100 values, got 101"):
        awaited(address, lambda client: client.recommend(exclude_ids=["a"] * 101))
    with pytest.raises(RefusedRequestError, match="input size does not match"):
        awaited(address, lambda client: client.predict("recommendation", "embed", {}))
    with pytest.raises(ServerUnavailableError, match="shelfwise serve"):
        awaited("127.0.0.1:1", lambda client: client.similar("P001"), retries=False)


def test_a_call_that_the_client_has_no_method_for_is_asked(address: str, client: Shelfwise) -> None:
    def read(outputs: Outputs) -> list[float]:
        return [float(value) for value in outputs["embeddings"][0]]

    inputs: dict[str, Any] = {
        "history_ids": Row(texts(["P001", "牛奶"])),
        "history_types": Row(texts(["view", "purchase"])),
        "history_age_seconds": Row(np.array([9.0, 2.0], np.float32), padding=0.0),
    }
    call = Call("recommendation", "embed", inputs, read)
    expected = client.embed(["P001", "牛奶"], ["view", "purchase"], [9.0, 2.0]).tolist()
    assert client.ask(call) == expected
    assert awaited(address, lambda later: later.ask(call)) == expected
    with pytest.raises(ValueError, match="has no signature `nope`"):
        client.ask(Call("recommendation", "nope", inputs, read))
