"""The gateway's page in a real browser, as visitors see it on a desk and on a phone."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlparse

import pytest

from tests.tfx_pipeline.gateway.running import Running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
# Width, height, and whether the system is light or dark.
SIZES = {"desk": (1280, 900, "light"), "phone": (390, 844, "dark")}
PATIENCE_MILLISECONDS = 20_000


@contextlib.contextmanager
def started_browser() -> Iterator[Any]:
    """Runs Chromium until the block ends."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def visit(browser: Any, address: str, size: str, *, away: bool = False) -> Iterator[Any]:
    """Opens the page as a new visitor; what the browser complains of, or asks of others, fails the test.

    Args:
        browser: Of `started_browser`.
        address: Of a gateway.
        size: One of `SIZES`.
        away: Whether requests may fail to reach the gateway.
    """
    width, height, scheme = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    complaints: list[str] = []
    asked: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.add(urlparse(request.url).netloc))
    page.goto(address)
    page.wait_for_selector("#products .card")
    yield page
    assert [each for each in complaints if not (away and "ERR_FAILED" in each)] == []
    assert asked == {urlparse(address).netloc}
    context.close()


def assert_looks_right(page: Any, size: str) -> None:
    """Nothing stands out at the side, and axe finds nothing serious."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra dev)")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    found = axe.Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    named = [(each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in serious]
    assert named == [], named


def search(page: Any, query: str) -> list[str]:
    """Types a query; returns the ids of what is shown."""
    page.fill("#query", query)
    page.wait_for_selector(f"h1:has-text('“{query}”')")
    return shown(page)


def wait_until(page: Any, condition: str | Callable[[], bool]) -> None:
    """Waits until a condition holds, or JavaScript that says so.

    Playwright's own way has the page evaluate text, which its policy forbids.
    """
    until = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not (page.evaluate(condition) if isinstance(condition, str) else condition()):
        assert time.monotonic() < until, f"not in time: {condition}"
        page.wait_for_timeout(20)


def shown(page: Any, of: str = "#products") -> list[str]:
    """Returns the ids of the products of a list, once it has come."""
    wait_until(page, "!document.querySelector('main').ariaBusy")
    return [item.get_attribute("data-product") for item in page.query_selector_all(f"{of} > li")]


def wait_until_sent(page: Any) -> None:
    """Waits until no event is left in the browser."""
    wait_until(page, "JSON.parse(localStorage.getItem('shelfwise.events')).length === 0")


def visitor_of(page: Any) -> str:
    """Returns the visitor's id."""
    name: str = page.evaluate("localStorage.getItem('shelfwise.visitor')")
    return name


def events_of(gateway: Running, page: Any) -> list[tuple[str, str]]:
    """Product and type of what the gateway has of a visitor, the oldest first."""
    found = gateway.get(f"/users/{visitor_of(page)}/export").json()["events"]
    return [(each["product_id"], each["event_type"]) for each in found]


def last_picks(gateway: Running, page: Any) -> list[str]:
    """What the log has as shown to a visitor last, in its order."""
    gateway.write_log()
    rows = gateway.get(f"/users/{visitor_of(page)}/export").json()["impressions"]
    answers: dict[str, dict[int, str]] = {}
    for row in rows:
        if row["placement"] == "recommendations":
            answers.setdefault(row["request_id"], {})[row["position"]] = row["product_id"]
    (*_, last) = answers.values()
    return [product for _, product in sorted(last.items())]
