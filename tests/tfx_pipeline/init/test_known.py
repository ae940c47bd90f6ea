"""The known exports: each is told from its files, and its tables come from the right columns."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.errors import InputError
from tests.tfx_pipeline.init.exports import EXPORTS, write_jsonl
from tfx_pipeline.init.files import reading
from tfx_pipeline.init.matching import unknown_products
from tfx_pipeline.init.proposal import Proposal
from tfx_pipeline.init.proposing import propose
from tfx_pipeline.init.questions import BestGuess

# Of the events: columns here, with those of the file; and other options of the source.
EVENTS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "Online Retail (UCI)": (
        {"user_id": "CustomerID", "product_id": "StockCode", "timestamp": "InvoiceDate", "basket_id": "InvoiceNo"},
        {"time": {"format": "%m/%d/%Y %H:%M"}, "encoding": "windows-1252", "guests": "baskets"},
    ),
    "Shopify": (
        {"user_id": "Email", "product_id": "Lineitem sku", "timestamp": "Created at", "basket_id": "Name"},
        {"fill_down": ["Name", "Email", "Created at", "Financial Status"], "guests": "baskets"},
    ),
    "WooCommerce": ({"user_id": "billing_email", "product_id": "item_sku", "timestamp": "date"}, {}),
    "Magento": ({"user_id": "customer_email", "product_id": "sku", "timestamp": "created_at"}, {}),
    "Olist": (
        {"user_id": "customer_unique_id", "product_id": "product_id", "timestamp": "order_purchase_timestamp"},
        {"leave_out": {"order_status": ["canceled", "unavailable"]}},
    ),
    "RetailRocket": (
        {"user_id": "visitorid", "product_id": "itemid", "event_type": "event", "basket_id": "transactionid"},
        {"time": {"format": "unix_milliseconds"}},
    ),
    "Instacart": ({"user_id": "user_id", "product_id": "product_id", "position": "order_number"}, {}),
    "Amazon reviews (2023)": (
        {"user_id": "user_id", "product_id": "parent_asin", "timestamp": "timestamp"},
        {"time": {"format": "unix_milliseconds"}},
    ),
    "Taobao user behaviour": (
        {"user_id": "user_id", "product_id": "item_id", "event_type": "behavior_type", "timestamp": "timestamp"},
        {"names": ["user_id", "item_id", "category_id", "behavior_type", "timestamp"]},
    ),
    "Google Analytics 4": (
        {"user_id": "user_pseudo_id", "product_id": "items.item_id", "basket_id": "ecommerce.transaction_id"},
        {
            "time": {"format": "unix_microseconds"},
            "explode": "items",
            "leave_out": {"items.item_id": ["", "(not set)"]},
            "keep": {"event_name": ["view_item", "add_to_wishlist", "add_to_cart", "begin_checkout", "purchase"]},
        },
    ),
}
TITLES = {
    "Online Retail (UCI)": "Description",
    "Shopify": "Title",
    "WooCommerce": "Name",
    "Magento": "name",
    "Olist": "product_category_name_english",
    "Instacart": "product_name",
    "Amazon reviews (2023)": "title",
    "Google Analytics 4": "items.item_name",
}
ZONES = {
    "Online Retail (UCI)": "Europe/London",
    "Shopify": "Europe/Berlin",
    "Olist": "America/Sao_Paulo",
    "Taobao user behaviour": "Asia/Shanghai",
}


def proposed(name: str, folder: Path) -> tuple[Proposal, BestGuess]:
    EXPORTS[name](folder)
    asker = BestGuess()
    return propose([str(folder)], asker), asker


@pytest.mark.parametrize("name", list(EXPORTS))
def test_an_export_is_told_from_its_files(name: str, tmp_path: Path) -> None:
    proposal, _ = proposed(name, tmp_path)
    assert proposal.layout == name
    (events,) = proposal.of_table("events")
    columns, options = EVENTS[name]
    assert columns.items() <= dict(events.options["columns"]).items()
    assert options.items() <= events.options.items()
    for column in events.columns:
        assert 1 <= len(column.examples()) <= 5
    titles = [dict(source.options["columns"])["title"] for source in proposal.of_table("products")]
    assert titles == ([TITLES[name]] if name in TITLES else [])
    assert proposal.time_zone == ZONES.get(name, "UTC")


@pytest.mark.parametrize("name", ["Online Retail (UCI)", "RetailRocket", "Taobao user behaviour", "Google Analytics 4"])
def test_nothing_is_unsure_where_the_export_says_all(name: str, tmp_path: Path) -> None:
    _, asker = proposed(name, tmp_path)
    assert asker.unsure == []


def test_products_come_from_the_orders_where_there_is_no_export_of_products(tmp_path: Path) -> None:
    EXPORTS["Shopify"](tmp_path)
    proposal = propose([str(tmp_path / "orders_export_1.csv")], BestGuess())
    (products,) = proposal.of_table("products")
    assert dict(products.options["columns"])["title"] == "Lineitem name"
    assert products.options["repeats"] == "merged"


def test_rows_of_other_store_views_and_other_events_are_not_kept(tmp_path: Path) -> None:
    EXPORTS["Magento"](tmp_path)
    (products,) = propose([str(tmp_path)], BestGuess()).of_table("products")
    assert products.options["keep"] == {"store_view_code": [""]}


def test_the_chosen_size_of_a_product_is_no_purchase_of_its_own(tmp_path: Path) -> None:
    EXPORTS["Magento"](tmp_path)
    file = tmp_path / "sales_order_item.csv"
    parents = pd.read_csv(file, dtype=str).assign(parent_item_id="")
    children = parents.assign(parent_item_id=parents["item_id"], item_id="9" + parents["item_id"], price="0.0000")
    pd.concat([parents, children]).to_csv(file, index=False)
    (events,) = propose([str(tmp_path)], BestGuess()).of_table("events")
    assert "" in events.options["keep"]["parent_item_id"]


def test_event_types_that_come_later_are_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"u{number % 9},p{number % 5},view,{1_700_000_000 + number}" for number in range(200_000)]
    names = "user_id,product_id,event_type,timestamp"
    (tmp_path / "events.csv").write_text("\n".join([names, *lines, "u1,p1,buy,1700000000"]) + "\n")
    monkeypatch.setattr(reading, "_MOST_VALUES", 100_000)
    asker = BestGuess()
    (events,) = propose([str(tmp_path)], asker).of_table("events")
    assert events.options["keep"] == {"event_type": ["view"]}
    assert any("`event_type` may have other values further down" in said for said in asker.unsure)


def test_an_event_type_of_many_values_is_refused(tmp_path: Path) -> None:
    lines = [f"u{number % 9},p{number % 5},session {number},{1_700_000_000 + number}" for number in range(300)]
    (tmp_path / "events.csv").write_text("\n".join(["user_id,product_id,event_type,timestamp", *lines]) + "\n")
    with pytest.raises(InputError, match="`event_type` has more than 200 values that differ, such as `session 0`"):
        propose([str(tmp_path)], BestGuess())


def test_prices_with_a_currency_are_taken_as_a_run_reads_them(tmp_path: Path) -> None:
    reviews = [
        {
            "reviewerID": f"u{number % 20}",
            "asin": f"p{number % 30}",
            "overall": 5.0,
            "unixReviewTime": 1_500_000_000 + number * 86_400,
        }
        for number in range(300)
    ]
    write_jsonl(tmp_path / "reviews.json.jsonl", reviews)
    for price, taken in (("$12.99", True), ("$1,299", False), ("12 boxes", False)):
        products = [
            {"asin": f"p{number}", "title": f"Tea {number}", "brand": "", "also_buy": [], "price": price}
            for number in range(30)
        ]
        write_jsonl(tmp_path / "products.jsonl", products)
        asker = BestGuess()
        proposal = propose([str(tmp_path)], asker)
        assert proposal.layout == "Amazon reviews (2018)"
        (source,) = proposal.of_table("products")
        assert (source.column("price") is not None) == taken
        assert any("`price` is not used" in said and price in said for said in asker.unsure) != taken


def test_several_files_of_one_kind_are_several_sources(tmp_path: Path) -> None:
    EXPORTS["Instacart"](tmp_path)
    other = tmp_path / "more.csv"
    other.write_bytes((tmp_path / "order_products__prior.csv").read_bytes())
    proposal = propose([str(tmp_path)], BestGuess())
    paths = [source.options["path"] for source in proposal.of_table("events")]
    assert paths == [
        str(tmp_path / name) for name in ("more.csv", "order_products__prior.csv", "order_products__train.csv")
    ]


def halves(file: Path, one: Path, other: Path) -> None:
    """Puts the first half of the lines of a file in one folder and the others in another."""
    head, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    middle = len(lines) // 2
    for folder, part in ((one, lines[:middle]), (other, lines[middle:])):
        folder.mkdir(exist_ok=True)
        (folder / file.name).write_text("".join([head, *part]), encoding="utf-8")
    file.unlink()


def test_lines_are_joined_to_the_orders_that_are_theirs(tmp_path: Path) -> None:
    EXPORTS["Magento"](tmp_path)
    # The folder of the earlier items has the later orders.
    halves(tmp_path / "sales_order_item.csv", tmp_path / "2022", tmp_path / "2023")
    halves(tmp_path / "sales_order.csv", tmp_path / "2023", tmp_path / "2022")
    asker = BestGuess()
    joined = {
        Path(source.options["path"]).parent.name: Path(source.options["join"][0]["path"]).parent.name
        for source in propose([str(tmp_path)], asker).of_table("events")
    }
    assert joined == {"2022": "2023", "2023": "2022"}


def test_orders_of_other_lines_are_an_error_and_no_configuration(tmp_path: Path) -> None:
    EXPORTS["Magento"](tmp_path)
    file = tmp_path / "sales_order.csv"
    orders = pd.read_csv(file, dtype=str)
    orders.assign(entity_id=[f"9{number}" for number in orders["entity_id"]]).to_csv(file, index=False)
    with pytest.raises(InputError, match=r"no row has a `customer_email`.*none of them is found in sales_order\.csv"):
        propose([str(tmp_path)], BestGuess())


def without_skus(folder: Path, file: str, column: str, every: int) -> None:
    table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    table.loc[table.index % every == 0, column] = ""
    table.to_csv(folder / file, index=False)


@pytest.mark.parametrize("every", [1, 4])
def test_a_catalogue_without_the_ids_of_the_events_gives_way_to_the_orders(every: int, tmp_path: Path) -> None:
    EXPORTS["Shopify"](tmp_path)
    without_skus(tmp_path, "orders_export_1.csv", "Lineitem sku", 1)
    without_skus(tmp_path, "products_export_1.csv", "Variant SKU", every)
    asker = BestGuess()
    (products,) = propose([str(tmp_path)], asker).of_table("products")
    assert products.sample.label == "orders_export_1.csv"
    assert dict(products.options["columns"])["title"] == "Lineitem name"
    assert any("products_export_1.csv" in remark and "come from the orders" in remark for remark in asker.unsure)


def test_products_without_skus_go_by_the_ids_that_all_have(tmp_path: Path) -> None:
    EXPORTS["WooCommerce"](tmp_path)
    without_skus(tmp_path, "wc-product-export.csv", "SKU", 3)
    proposal = propose([str(tmp_path)], BestGuess())
    named = {source.table: source.options["columns"]["product_id"] for source in proposal.sources}
    assert named == {"events": "item_product_id", "products": "ID"}
    assert unknown_products(proposal) == 0


def test_tables_that_an_export_lacks_may_lie_beside_it(tmp_path: Path) -> None:
    EXPORTS["RetailRocket"](tmp_path)
    pd.DataFrame({"search_term": ["tea"], "sku": ["1"], "grade": [1.0]}).to_csv(tmp_path / "judged.csv", index=False)
    pd.DataFrame({"user_id": ["1"], "sku": ["1"], "time": ["2024-05-01"]}).to_csv(tmp_path / "more.csv", index=False)
    pd.DataFrame({"city": ["Bonn"]}).to_csv(tmp_path / "weather.csv", index=False)
    asker = BestGuess()
    proposal = propose([str(tmp_path)], asker)
    assert proposal.layout == "RetailRocket"
    assert list(proposal.tables()) == ["events", "judgements"]
    assert asker.unsure == [
        "`more.csv` is not used: other files have the events.",
        "`weather.csv` is not used: no table was found in its columns, `city`.",
    ]


def test_products_with_several_rows_are_merged_in_known_exports_too(tmp_path: Path) -> None:
    EXPORTS["Magento"](tmp_path)
    file = tmp_path / "export_catalog_product.csv"
    before = propose([str(tmp_path)], BestGuess()).of_table("products")[0]
    assert "repeats" not in before.options  # The second row of each is another store view, which is left out.
    head, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([head, *lines, *lines[:20]]), encoding="utf-8")
    asker = BestGuess()
    assert propose([str(tmp_path)], asker).of_table("products")[0].options["repeats"] == "merged"
    assert any("of which one counts" in remark for remark in asker.unsure)
