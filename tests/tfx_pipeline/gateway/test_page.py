"""The page over two small models: what visitors click arrives once, and what they see is what the gateway answers."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.serving.recommendation.small_shop import ODD_IDS, PlainShop
from tests.tfx_pipeline.gateway.browser import (
    NEEDS_CHROMIUM,
    SIZES,
    assert_looks_right,
    events_of,
    last_picks,
    search,
    shown,
    started_browser,
    visit,
    visitor_of,
    wait_until,
    wait_until_sent,
)
from tests.tfx_pipeline.gateway.running import Running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    with started_browser() as started:
        yield started


@NEEDS_CHROMIUM
@pytest.mark.parametrize("size", SIZES)
def test_the_picks_follow_what_a_visitor_does(gateway: Running, plain_shop: PlainShop, browser: Any, size: str) -> None:
    prices = {row["product_id"]: float(row["price"]) for row in plain_shop.rows}
    with visit(browser, gateway.address, size) as page:
        assert_looks_right(page, size)
        search(page, "cofee")
        assert "Read as “coffee”" in page.inner_text("main")
        page.fill("#max-price", "30")
        wait_until(page, "location.search.includes('max_price=30')")
        found = shown(page)
        assert found
        assert all(prices[product] <= 30 for product in found)
        assert_looks_right(page, size)

        page.click("#products .name >> nth=0")
        page.wait_for_selector("[data-shelf=similar] .card")
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert_looks_right(page, size)
        page.wait_for_selector("#picks li")
        clicked, before = [found[0]], shown(page, "#picks")
        for place in range(3):
            item = page.query_selector_all("[data-shelf=similar] .card")[place]
            clicked.append(item.get_attribute("data-product"))
            item.query_selector("button").click()
        wait_until_sent(page)
        wait_until(page, lambda: before != shown(page, "#picks") == last_picks(gateway, page))
        page.query_selector("#picks .name").click()
        page.wait_for_selector(".reasons:has-text('Why it may be for you') li:has-text('Bought')")
        assert_looks_right(page, size)
        wait_until_sent(page)
        clicked.append(page.get_attribute("article.product", "data-product"))
        types = ["view", "purchase", "purchase", "purchase", "view"]
        assert events_of(gateway, page) == list(zip(clicked, types, strict=True))


@NEEDS_CHROMIUM
@pytest.mark.parametrize("size", SIZES)
def test_what_was_understood_is_seen_and_undone(gateway: Running, browser: Any, size: str) -> None:
    limited = "green tea under 40"
    with visit(browser, gateway.address, size) as page:
        search(page, limited)
        page.press("#query", "Enter")
        assert page.inner_text(".understood li") == "price at most 40"
        highest = max(prices_of(page))
        assert highest <= 40
        search(page, "cheaper ones")
        assert f"Together with “{limited}”" in page.inner_text(".understood")
        assert max(prices_of(page)) < highest
        assert_looks_right(page, size)
        page.reload()
        page.wait_for_selector(f".understood:has-text('{limited}')")
        # What says nothing alone teaches nothing: the event names its answer and no query.
        page.click("#products button >> nth=0")
        wait_until_sent(page)
        (event,) = gateway.get(f"/users/{visitor_of(page)}/export").json()["events"]
        assert event["request_id"]
        assert event.get("query") is None
        page.click(".understood button")
        page.wait_for_selector(".understood", state="detached")
        search(page, limited)
        page.click(".understood button")
        page.wait_for_selector(f"h1:has-text('“\"{limited}\"”')")
        assert page.query_selector(".understood") is None
        assert max(prices_of(page)) > 40


def prices_of(page: Any) -> list[float]:
    """Prices of the products that are shown."""
    shown(page)
    return [float(price.inner_text()) for price in page.query_selector_all("#products .price")]


@NEEDS_CHROMIUM
def test_no_click_is_lost_while_the_gateway_is_away(gateway: Running, browser: Any) -> None:
    with visit(browser, gateway.address, "phone", away=True) as page:
        page.route("**/events", lambda route: route.abort())
        bought = shown(page)[:2]
        for place in range(2):
            page.click(f"#products > li >> nth={place} >> button")
        page.wait_for_selector("#notice:has-text('The last 2 things you did are kept here')")
        page.reload()
        page.wait_for_selector("#notice:has-text('kept here and sent again')")
        assert events_of(gateway, page) == []
        page.unroute("**/events")
        page.wait_for_selector("#notice", state="hidden")
        assert events_of(gateway, page) == [(product, "purchase") for product in bought]


@NEEDS_CHROMIUM
def test_the_keyboard_is_enough_and_chinese_is_found(gateway: Running, browser: Any) -> None:
    with visit(browser, gateway.address, "desk") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the products"
        page.focus("#query")
        page.keyboard.type("牛奶")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('“牛奶”')")
        first = shown(page)[0]
        assert page.locator("#products .name:has-text('牛奶')").first.get_attribute("lang") == "zh"
        while page.evaluate("document.activeElement.closest('#products > li') === null"):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("article.product")
        assert page.get_attribute("article.product", "data-product") == first
        assert page.evaluate("document.activeElement.tagName") == "H1"
        page.go_back()
        wait_until(page, "document.activeElement.closest('#products > li') !== null")
        assert page.evaluate("document.activeElement.closest('#products > li').dataset.product") == first
        wait_until_sent(page)


@NEEDS_CHROMIUM
def test_ids_of_any_characters_have_a_page(gateway: Running, browser: Any) -> None:
    odd = [each for each in ODD_IDS if each.strip()]
    with visit(browser, gateway.address, "phone") as page:
        for product in odd:
            page.goto(f"{gateway.address}/?{urlencode({'product': product})}")
            page.wait_for_selector("article.product")
            assert page.evaluate("document.querySelector('article.product').dataset.product") == product
            page.click("article.product .main")
            wait_until_sent(page)
        assert events_of(gateway, page) == [(product, "purchase") for product in odd]


@NEEDS_CHROMIUM
def test_a_visit_can_be_forgotten(gateway: Running, browser: Any) -> None:
    with visit(browser, gateway.address, "desk") as page:
        page.click("#products button >> nth=0")
        page.wait_for_selector("h1:has-text('Picked for you')")
        visitor = visitor_of(page)
        assert len(events_of(gateway, page)) == 1
        page.click("#forget")
        page.wait_for_selector("h1:has-text('What sells well')")
        assert gateway.get(f"/users/{visitor}/export").json()["events"] == []
        assert visitor_of(page) != visitor
        assert page.inner_text("#seen") == ""


def test_the_page_may_load_from_its_own_address_alone(gateway: Running) -> None:
    for path, kind in {"/": "text/html", "/page/shop.js": "text/javascript", "/page/style.css": "text/css"}.items():
        answer = gateway.get(path)
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert answer.headers["content-type"].startswith(kind)
    assert gateway.get("/page/..%2Fapp.py").status_code == 404
    assert gateway.get("/page/missing.js").status_code == 404
