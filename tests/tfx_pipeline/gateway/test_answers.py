"""What the gateway answers, against the shop worked out in plain Python."""

import asyncio
import re
import time
import urllib.parse
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from shelfwise_client import Shelfwise
from shelfwise_client.calls.search import SearchAnswers, search
from tests.serving.recommendation.small_shop import ODD_IDS, Ask, PlainShop, assert_same
from tests.serving.search.search_shop import PlainSearch, Search
from tests.tfx_pipeline.gateway.conftest import SHOP
from tests.tfx_pipeline.gateway.running import Running, running_gateway
from tfx_pipeline.gateway.api.products import Found, Recommendations, Similar
from tfx_pipeline.gateway.catalogue import Catalogue
from tfx_pipeline.gateway.options import OtherVersion
from tfx_pipeline.gateway.served_models import Said, ServedModels


def quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def pairs(answer: httpx.Response) -> list[tuple[str, float]]:
    assert answer.status_code == 200, answer.text
    return [(each["product_id"], each["score"]) for each in answer.json()["products"]]


def send(gateway: Running, user: str, product: str, kind: str = "view", **more: Any) -> httpx.Response:
    answer = gateway.post("/events", {"user_id": user, "product_id": product, "event_type": kind, **more})
    assert answer.status_code == 202, answer.text
    return answer


def test_a_user_needs_only_an_id(gateway: Running, plain_shop: PlainShop) -> None:
    now = time.time()
    events = [("P001", "view", 5e6), ("牛奶", "purchase", 2e6), ("P003", "cart", 1e5)]
    for product, kind, age in events:
        send(gateway, "anna", product, kind, timestamp=now - age)
    answer = gateway.get(
        "/users/anna/recommendations",
        k=6,
        category="Home",
        max_price=45.0,
        in_stock_only=True,
        exclude_ids=["P004"],
        include_bought=False,
    )
    ids, types, ages = (list(column) for column in zip(*events, strict=True))
    assert_same(pairs(answer), plain_shop.recommend(Ask(ids, types, ages, 6, "Home", 45.0, True, ["P004"], False)))
    said = answer.json()
    assert (said["model"], said["version"], said["events"]) == ("recommendation", 3, 3)
    assert said["request_id"] == answer.headers["x-request-id"]
    rows = {row["product_id"]: row for row in plain_shop.rows}
    for each in said["products"]:
        assert each["title"] == rows[each["product_id"]]["title"]
        assert each["category"] == rows[each["product_id"]]["category"]
        assert each["price"] == pytest.approx(float(rows[each["product_id"]]["price"]), abs=1e-4)


def test_nobody_known_gets_what_is_popular(gateway: Running, plain_shop: PlainShop) -> None:
    assert_same(pairs(gateway.get("/users/nobody/recommendations", k=3)), plain_shop.recommend(Ask(k=3)))


@pytest.mark.parametrize("odd", [*ODD_IDS, "recommendations", "a/recommendations", "?k=3", "%2F"])
def test_ids_of_any_characters(gateway: Running, odd: str) -> None:
    send(gateway, odd, odd if odd in ODD_IDS else "P001")
    answer = gateway.http.get(f"/users/{quoted(odd)}/recommendations?k=40")
    assert answer.json()["events"] == 1, answer.text
    found = gateway.http.get(f"/users/{quoted(odd)}/export").json()
    assert [event["product_id"] for event in found["events"]] == [odd if odd in ODD_IDS else "P001"]
    if odd in ODD_IDS:
        assert len(pairs(gateway.http.get(f"/products/{quoted(odd)}/similar?k=3"))) == 3
        assert gateway.http.get(f"/products/{quoted(odd)}").json()["product"]["product_id"] == odd


def test_an_event_is_in_the_next_answer_and_counts_once(gateway: Running) -> None:
    for number in range(1, 6):
        for sent in range(2):
            answer = send(gateway, "fresh", f"P00{number}", event_id=f"fresh-{number}").json()
            assert (answer["accepted"], answer["repeated"]) == ((1, 0), (0, 1))[sent]
            assert answer["event_ids"] == [f"fresh-{number}"]
        assert gateway.get("/users/fresh/recommendations").json()["events"] == number


def test_several_events_are_taken_at_once_or_none(gateway: Running) -> None:
    event = {"user_id": "many", "product_id": "P001", "event_type": "view"}
    assert gateway.post("/events", {"events": [event] * 20}).json()["accepted"] == 20
    answer = gateway.post("/events", {"events": [event, {**event, "event_type": "bought"}]})
    assert answer.status_code == 422
    assert "expected one of view, cart, purchase, got 'bought'" in answer.json()["error"]
    assert gateway.get("/users/many/recommendations").json()["events"] == 20


def test_times_are_seconds_or_iso(gateway: Running) -> None:
    for place, timestamp in enumerate(["2026-01-02T03:04:05Z", 1767323046, "2026-01-02T04:04:07+01:00"]):
        send(gateway, "timed", f"P00{place}", timestamp=timestamp)
    found = gateway.http.get("/users/timed/export").json()["events"]
    assert [event["timestamp"] for event in found] == [1767323045, 1767323046, 1767323047]


def test_feedback_knows_what_was_shown(gateway: Running) -> None:
    answer = gateway.get("/users/taker/recommendations", k=2).json()
    said = {"user_id": "taker", "request_id": answer["request_id"], "product_id": answer["products"][1]["product_id"]}
    assert gateway.post("/feedback", said).json()["known"]
    exported = gateway.get("/users/taker/export").json()  # Waits until what was shown is kept.
    assert [row["product_id"] for row in exported["impressions"]] == [each["product_id"] for each in answer["products"]]
    assert not gateway.post("/feedback", {**said, "user_id": "another"}).json()["known"]
    for wrong in ({**said, "outcome": "redeemed"}, {**said, "offer_id": "o"}, {**said, "product_id": ""}):
        assert gateway.post("/feedback", wrong).status_code == 422
    exported = gateway.get("/users/taker/export").json()
    assert [row["clicked"] for row in exported["impressions"]] == [False, True]
    assert gateway.http.delete("/users/taker").json()["store_rows"] == 2
    assert gateway.get("/users/taker/export").json()["impressions"] == []


def test_search_finds_and_groups(gateway: Running) -> None:
    answer = gateway.get("/search", q="tea pot", k=4)
    said = answer.json()
    assert (said["model"], said["version"], said["query"]) == ("search", 1, "tea pot")
    assert 0 < len(said["products"]) <= 4
    counted: dict[int, int] = {}
    for product in said["products"]:
        counted[product["group"]] = counted.get(product["group"], 0) + 1
    assert [(group["group"], group["count"]) for group in said["groups"]] == list(counted.items())


def ids_of(answer: httpx.Response) -> list[str]:
    return [product for product, _ in pairs(answer)]


def test_search_knows_who_asks(gateway: Running, plain_search: PlainSearch) -> None:
    everybody = gateway.get("/search", q="tea pot", k=40)
    assert everybody.json()["events"] == 0
    had = ids_of(everybody)[7]
    send(gateway, "drinker", had, "purchase")
    mine = gateway.get("/search", q="tea pot", k=40, user_id="drinker")
    # The small shop's reranker puts what was had before all else, and leaves the rest as it is.
    assert ids_of(mine) == [had, *(product for product in ids_of(everybody) if product != had)]
    assert mine.json()["events"] == 1
    cheap = gateway.get("/search", q="tea pot", k=40, user_id="drinker", max_price=30.0, exclude_ids=[had])
    assert set(ids_of(cheap)) == plain_search.scores(Search("tea pot", max_price=30.0, exclude=[had])).keys()


def test_a_query_adds_to_an_earlier_one(gateway: Running, models: str) -> None:
    earlier = "green tea under 40"
    first = gateway.get("/search", q=earlier).json()
    assert (first["understood"], first["earlier_query"]) == ("price at most 40", "")
    highest = max(each["price"] for each in first["products"])
    assert highest <= 40
    second = gateway.get("/search", q="cheaper ones", earlier_query=earlier, user_id="drinker")
    assert second.json()["earlier_query"] == earlier
    with Shelfwise(models, timeout_seconds=20.0) as client:
        expected = client.search("cheaper ones", earlier_query=earlier)
    assert_same(pairs(second), [(each.product_id, each.score) for each in expected])
    assert second.json()["understood"] == expected.understood
    assert 0 < max(each["price"] for each in second.json()["products"]) < highest
    # One that asks for something of its own is taken by itself, and in the user's order.
    other = gateway.get("/search", q="coffee", earlier_query="green tea", user_id="drinker")
    assert other.json()["earlier_query"] == ""
    assert ids_of(other) == ids_of(gateway.get("/search", q="coffee", user_id="drinker"))


def test_reasons_are_those_of_the_history_and_add_up(gateway: Running, models: str) -> None:
    # Long ago, so that the moments between the questions count for nothing.
    age = 1e6
    send(gateway, "reasoner", "P003", "purchase", timestamp=time.time() - age)
    for best in gateway.get("/users/reasoner/recommendations", k=3).json()["products"]:
        said = gateway.get("/users/reasoner/reasons", product_id=best["product_id"]).json()
        assert (said["model"], said["product_id"], said["events"]) == ("recommendation", best["product_id"], 1)
        assert sum(each["weight"] for each in said["reasons"]) == pytest.approx(best["score"], abs=1e-3)
        with Shelfwise(models, timeout_seconds=20.0) as client:
            expected = client.explain_recommendation(best["product_id"], ["P003"], ["purchase"], [age])
        assert [(each["text"], each["product_id"]) for each in said["reasons"]] == [
            (each.reason, each.about_id) for each in expected
        ]
    assert gateway.get("/users/reasoner/reasons", product_id="gone").json()["reasons"] == []


def test_a_model_that_lacks_a_signature_is_asked_by_another(models: str) -> None:
    plain = search("tea pot", k=3)

    async def ask() -> list[Said[SearchAnswers]]:
        served = ServedModels(models, 20.0, OtherVersion())
        try:
            return [await served.ask_where_able(replace(plain, signature=name), plain) for name in ("gone", "filtered")]
        finally:
            await served.close()

    lacking, able = asyncio.run(ask())
    assert lacking.signature == able.signature == "filtered"
    assert list(lacking.result) == list(able.result) != []


def test_answers_that_are_put_together_are_what_their_description_says(gateway: Running) -> None:
    send(gateway, "described", "P001")
    for path, model in {
        "/users/described/recommendations?k=3": Recommendations,
        "/search?q=tea pot": Found,
        "/products/P001/similar": Similar,
    }.items():
        said = gateway.http.get(path).json()
        described = model.model_validate(said).model_dump(mode="json")
        assert said["products"]
        assert said["products"] == described["products"]
        assert {**described, **said} == described


def test_what_was_not_pushed_is_404_with_words(gateway: Running) -> None:
    for answer in (
        gateway.get("/users/anna/segments"),
        gateway.get("/users/anna/profile"),
        gateway.get("/users/anna/offers"),
        gateway.post("/classify", {"text": "fine"}),
        gateway.post("/ask", {"question": "where is it?"}),
    ):
        assert answer.status_code == 404
        assert "was pushed" in answer.json()["error"]


def test_its_description_loads_nothing_from_elsewhere(gateway: Running) -> None:
    page = gateway.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(gateway.get(path).status_code == 200 for path in loaded)
    assert not re.search(r"https?://", page)


def test_health_metrics_and_documentation(gateway: Running) -> None:
    health = gateway.get("/health").json()
    assert health["status"] == "ok"
    assert health["models"] == {"recommendation": 3, "search": 1}
    assert health["event_types"] == ["view", "cart", "purchase"]
    assert health["products"] == 40
    text = gateway.get("/metrics").text
    assert 'shelfwise_gateway_request_seconds_count{route="/health",status="200"}' in text
    schema = gateway.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert "/users/{user_id}/recommendations" in schema["paths"]


def test_what_sells_is_shown_where_models_are_away(tmp_path: Path, catalogue: Path) -> None:
    with running_gateway(tmp_path, "127.0.0.1:9", shop=SHOP, catalogues=(catalogue,)) as gateway:
        send(gateway, "anna", "P001")
        answer = gateway.get("/users/anna/recommendations", k=5, category="Home", max_price=30.0, in_stock_only=True)
        assert answer.headers["x-shelfwise-fallback"] == "best-sellers"
        rows = Catalogue.read([catalogue]).best_sellers(40, exclude=set())
        wanted = [
            row.product_id
            for row in rows
            if row.in_stock
            and row.price is not None
            and row.price <= 30.0
            and (row.category == "Home" or row.category.startswith("Home > "))
        ]
        assert [product for product, _ in pairs(answer)] == wanted[:5]
        assert answer.json()["model"] == ""
        away = gateway.get("/search", q="tea")
        assert away.status_code == 503
        assert away.headers["retry-after"] == "1"
        assert gateway.get("/health").json()["status"] == "degraded"
