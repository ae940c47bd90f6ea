"""From tables to a shop in the browser: a visitor searches, filters, looks, and the picks and the segment follow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serving.client import Shelfwise
from tests.e2e.shop import run_quietly, served, write_config
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
    wait_until,
)
from tests.tfx_pipeline.gateway.running import Running, running_gateway
from tfx_pipeline.datasets.synthetic import write_shop
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop
from tfx_pipeline.gateway.parts import Shop
from tfx_pipeline.summary.run_artifacts import latest_artifact

pytestmark = [NEEDS_CHROMIUM, pytest.mark.long]

EVENT_TYPES = ("view", "cart", "purchase")
# An id that would leave its place in a path, in a query and in a page; its title is Chinese.
RENAMED, ODD = "p0000002", 'a/b?c=1&d#"><img src=x onerror=alert(1)> 绿茶'
TASKS = {
    "search": {
        "queries": {"pseudo_queries_per_text": 1, "max_evaluation_queries": 60},
        "training": {"max_epochs": 1, "batch_size": 16},
        "gate": {"baseline_margins": {}, "min_users": 5},
    },
    "recommendation": {
        "event_types": dict.fromkeys(EVENT_TYPES, 1.0),
        "towers": {"dimensions": 16, "layers": 1, "history": 8},
        "training": {"max_epochs": 1},
        "serving": {"history_length": 32},
        "rules": {"min_support": 2},
        "gate": {"baseline_margins": {}, "min_slice_users": 2},
        "ranker": False,
    },
    # Which kind of products a user likes best, as the users table says it.
    "segmentation": {
        "event_types": list(EVENT_TYPES),
        "segments": {"labels": "given"},
        "history_length": 32,
        "sequence_length": 16,
        "head": {"units": 16, "dropout": 0.0},
        "training": {"max_epochs": 10, "patience": 10, "learning_rate": 2e-2, "batch_size": 16},
        "gate": {"baseline_margins": {}, "min_slice_users": 5},
    },
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder with the tables of a shop in English and Chinese, and a run of three tasks under `root`."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, SyntheticShop(products=160, users=120))
    for name in ("products", "events"):
        table = pd.read_parquet(folder / f"{name}.parquet")
        table["product_id"] = table["product_id"].replace(RENAMED, ODD)
        table.to_parquet(folder / f"{name}.parquet")
    users = {"path": "users.parquet", "columns": {"segment": "favourite_kind"}}
    config = write_config(
        folder,
        tables={"products": "products.parquet", "events": "events.parquet", "users": users},
        text={"backbone": str(tiny_bert), "fields": ["title"]},
        tasks=TASKS,
    )
    summary, _ = run_quietly(config, folder / "root")
    assert all(task["pushed"] for task in summary["tasks"].values()), summary["tasks"]
    return folder


@pytest.fixture(scope="module")
def models(shop: Path) -> Iterator[str]:
    """Address of the served models."""
    with served(shop / "root") as address:
        yield address


@pytest.fixture(scope="module")
def gateway(shop: Path, models: str) -> Iterator[Running]:
    """A gateway in front of them."""
    catalogue = latest_artifact(shop / "root", "SearchExamples", "catalogue") / "catalogue.parquet"
    told = Shop(event_types=EVENT_TYPES)
    with running_gateway(shop / "gateway", models, shop=told, catalogues=(catalogue,)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    with started_browser() as started:
        yield started


def segments_of(page: Any) -> dict[str, float]:
    """The kinds of customers that a visitor may be of, the most probable first, in percent."""
    items = page.query_selector_all("#segment .shares li")
    texts = [[item.query_selector(part).inner_text() for part in (".label", ".number")] for item in items]
    return {label: float(number.removesuffix(" %")) for label, number in texts}


@pytest.mark.parametrize("size", SIZES)
def test_the_shop_follows_what_a_visitor_does(
    shop: Path, models: str, gateway: Running, browser: Any, size: str
) -> None:
    catalogue = pd.read_parquet(shop / "products.parquet").set_index("product_id")
    with visit(browser, gateway.address, size) as page:
        assert_looks_right(page, size)
        found = search(page, "runing vest")
        assert "Read as “running vest”" in page.inner_text("main")
        assert "Running Vest" in catalogue.loc[found[0], "title"]
        assert_looks_right(page, size)

        highest = round(float(catalogue.loc[found, "price"].quantile(0.4)), 2)
        page.fill("#max-price", str(highest))
        wait_until(page, f"new URLSearchParams(location.search).get('max_price') === '{highest}'")
        cheap = shown(page)
        prices = [float(price.inner_text()) for price in page.query_selector_all("#products .price")]
        assert cheap
        assert prices == pytest.approx(catalogue.loc[cheap, "price"].to_list(), abs=0.005)
        assert max(prices) <= highest

        page.click("#products .name >> nth=0")
        page.wait_for_selector("[data-shelf=similar] .card")
        assert_looks_right(page, size)
        opened = [cheap[0]]
        page.wait_for_selector("#picks li")
        page.wait_for_selector("#segment .shares")
        segments, before = segments_of(page), shown(page, "#picks")
        for _ in range(3):
            following = page.query_selector("[data-shelf=similar] .card")
            opened.append(following.get_attribute("data-product"))
            following.query_selector(".name").click()
            page.wait_for_selector(f"article[data-product='{opened[-1]}'] ~ [data-shelf=similar] .card")
        # Products that are looked at seconds apart.
        history = (opened, ["view"] * len(opened), [4.0, 3.0, 2.0, 1.0])
        with Shelfwise(models) as client:
            expected = {each.label: 100 * each.probability for each in client.segment(*history).segments[:6]}
        wait_until(page, lambda: segments_of(page) == pytest.approx(expected, abs=1.0))
        assert segments != pytest.approx(expected, abs=1.0)
        assert page.inner_text("#segment strong") == next(iter(expected))
        wait_until(page, lambda: before != shown(page, "#picks") == last_picks(gateway, page))
        assert events_of(gateway, page) == [(product, "view") for product in opened]
        assert_looks_right(page, size)


def test_markup_in_an_id_stays_text(shop: Path, gateway: Running, browser: Any) -> None:
    title = pd.read_parquet(shop / "products.parquet").set_index("product_id").loc[ODD, "title"]
    with visit(browser, gateway.address, "phone") as page:
        assert ODD in search(page, title)
        page.locator("#products .name", has_text=title).first.click()
        page.wait_for_selector("[data-shelf=similar] .card")
        page.reload()
        page.wait_for_selector("[data-shelf=together] .card")
        assert page.get_attribute("article.product", "data-product") == ODD
        assert page.inner_text("h1") == title
        assert page.query_selector("img") is None
        assert_looks_right(page, "phone")
