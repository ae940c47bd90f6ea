"""What comes of each export by the configuration that init writes: the very events that the made-up shop had."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from components.tables.contract import TABLES, TableOptions
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import read_table
from components.tables.validation import check_rows
from tests.tfx_pipeline.init.exports import EXPORTS, Line, events, lines, products, western_title
from tfx_pipeline.commands.init_command import init
from tfx_pipeline.config.config import Config, load_config

Row = tuple[str, str, int | None]


def seconds(moment: datetime, zone: str = "UTC") -> int:
    """The clock of a moment in UTC, read as the clock of a zone."""
    return int(moment.replace(tzinfo=ZoneInfo(zone)).timestamp())


def bought(kept: Iterable[Line], zone: str = "UTC") -> list[Row]:
    return [(line.product, "purchase", seconds(line.moment, zone)) for line in kept]


def renamed(names: dict[str, str], offset: int = 0) -> list[Row]:
    return [(str(int(row["product_id"][1:]) + offset), names[row["event_type"]], row["timestamp"]) for row in events()]


def expected_events(name: str) -> list[Row]:
    if name == "Online Retail (UCI)":
        sold = [line for number, line in enumerate(lines()) if number % 50 != 49]
        return [(line.product, "purchase", seconds(line.moment.replace(second=0), "Europe/London")) for line in sold]
    if name == "Shopify":
        return bought(line for line in lines() if line.order % 40 != 1)
    if name in ("WooCommerce", "Magento"):
        return bought(line for line in lines() if line.order % 30 != 2)
    if name == "Olist":
        return bought((line for line in lines() if line.order % 30 != 2), "America/Sao_Paulo")
    if name == "RetailRocket":
        return renamed({"view": "view", "cart": "addtocart", "purchase": "transaction"})
    if name == "Instacart":
        return [(str(int(line.product[1:]) + 1), "purchase", None) for line in lines()]
    if name == "Amazon reviews (2023)":
        sold = [row for row in events() if row["event_type"] == "purchase"]
        return [(row["product_id"].upper(), "purchase", row["timestamp"]) for row in sold]
    if name == "Taobao user behaviour":
        found = renamed({"view": "pv", "cart": "cart", "purchase": "buy"}, 2_268_318)
        return [(product, "fav" if kind == "pv" and at and at % 31 == 0 else kind, at) for product, kind, at in found]
    kinds = {"view": "view_item", "cart": "add_to_cart", "purchase": "purchase"}
    return [(row["product_id"], kinds[row["event_type"]], row["timestamp"]) for row in events()]


@pytest.fixture(scope="module", params=list(EXPORTS))
def export(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Config]:
    folder = tmp_path_factory.mktemp("export")
    (folder / "data").mkdir()
    EXPORTS[request.param](folder / "data")
    init([str(folder / "data")], folder / "shop.yaml")
    return request.param, load_config(folder / "shop.yaml")


def good_rows(config: Config, table: str) -> Iterator[dict[str, Any]]:
    """The rows of a table that pass the check, without a pipeline."""
    recommendation = config.tasks.recommendation
    assert recommendation is not None
    options = TableOptions(event_types=tuple(recommendation.event_types) if table == "events" else ())
    sources = [source.in_zone(config.time_zone) for source in config.tables.given()[table]]
    for source in read_table(plan_table(TABLES[table], options, sources)):
        checked = check_rows(TABLES[table], options, source.batch, time.time(), source.form, guests=source.guests)
        assert checked.reasons == []
        for row in pa.Table.from_batches([checked.good]).to_pylist():
            yield {name: None if value is None else value[0] for name, value in row.items()}


def test_the_events_are_those_of_the_shop(export: tuple[str, Config]) -> None:
    name, config = export
    rows = list(good_rows(config, "events"))
    found = Counter((row["product_id"].decode(), row["event_type"].decode(), row["timestamp"]) for row in rows)
    assert found == Counter(expected_events(name))
    users = {row["user_id"] for row in rows} - {None}
    assert len(users) == 60
    if name == "Instacart":
        numbers: dict[bytes, set[int]] = {}
        for row in rows:
            numbers.setdefault(row["user_id"], set()).add(row["position"])
        # Orders of a user are numbered from 1.
        assert all(sorted(each) == list(range(1, len(each) + 1)) for each in numbers.values())


def test_what_costs_money_costs_what_it_did(export: tuple[str, Config]) -> None:
    name, config = export
    prices = {row["product_id"]: row["price"] for row in products()}
    for row in good_rows(config, "events"):
        if row["price"] is not None:
            assert row["price"] == pytest.approx(prices[row["product_id"].decode()], abs=0.0051), name
    priced = name not in ("RetailRocket", "Instacart", "Amazon reviews (2023)", "Taobao user behaviour")
    assert any(row["price"] is not None for row in good_rows(config, "events")) == priced


def test_the_products_have_their_titles(export: tuple[str, Config]) -> None:
    name, config = export
    if config.tables.products is None:
        assert name in ("RetailRocket", "Taobao user behaviour")
        return
    found: dict[str, set[str]] = {}
    for row in good_rows(config, "products"):
        found.setdefault(row["product_id"].decode(), set()).add(row["title"].decode())
    titles = {row["title"] for row in products()}
    if name == "Olist":
        assert len(found) == 79
        assert all(title.endswith("_en") for each in found.values() for title in each)
    elif name != "Online Retail (UCI)":
        assert {title for each in found.values() for title in each} <= titles
        assert len(found) == 80
    else:
        remarks = {row["product_id"]: {western_title(row), "damaged"} for row in products()}
        assert all(found[product] <= remarks[product] for product in found)
