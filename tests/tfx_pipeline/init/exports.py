"""Small exports of a made-up shop, in the columns and with the quirks that the real ones have."""

import csv
import gzip
import json
import random
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows, product_rows

SHOP = SyntheticShop(products=80, users=60)
BERLIN = ZoneInfo("Europe/Berlin")

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A product in an order."""

    order: int
    user: str
    product: str
    moment: datetime
    quantity: int


def products() -> Rows:
    """The catalogue."""
    return product_rows(SHOP, 0, SHOP.products).to_pylist()


def events() -> Rows:
    """All events in order of time, with `moment`."""
    rows = event_rows(SHOP, 0, SHOP.users).sort_by([("timestamp", "ascending"), ("user_id", "ascending")]).to_pylist()
    return [{**row, "moment": datetime.fromtimestamp(row["timestamp"], UTC)} for row in rows]


def lines() -> list[Line]:
    """What was bought: each basket is an order."""
    bought = event_rows(SHOP, 0, SHOP.users)
    bought = bought.filter(pc.equal(bought["event_type"], "purchase")).sort_by("timestamp").to_pylist()
    orders: dict[str, int] = {}
    dice = random.Random(0)
    moments: dict[str, datetime] = {}
    found = []
    for row in bought:
        basket = row["basket_id"]
        number = orders.setdefault(basket, 1000 + len(orders))
        moment = moments.setdefault(basket, datetime.fromtimestamp(row["timestamp"], UTC))
        found.append(
            Line(
                order=number,
                user=row["user_id"],
                product=row["product_id"],
                moment=moment,
                quantity=dice.choice([1, 1, 2]),
            )
        )
    return sorted(found, key=lambda line: line.order)


def csv_text(rows: Sequence[Mapping[str, Any]], *, separator: str = ",", header: bool = True) -> str:
    """CSV of rows that all have the keys of the first."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, lineterminator="\r\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_jsonl(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """JSON Lines of rows."""
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def western_title(product: Mapping[str, Any]) -> str:
    """A title that Windows-1252 can write."""
    title: str = product["title"]
    return title.upper() if title.isascii() else f"THÉ À L'ÉTAT PUR {product['product_id'].upper()}"


def online_retail(folder: Path) -> None:
    """One file of lines, month first; returns have an invoice that begins with C, guests have no id."""
    titles = {row["product_id"]: row for row in products()}
    rows: Rows = []
    for number, line in enumerate(lines()):
        product = titles[line.product]
        returned = number % 50 == 49
        rows.append(
            {
                "InvoiceNo": f"{'C' if returned else ''}{535000 + line.order}",
                "StockCode": line.product,
                # Now and then somebody wrote a remark in place of the product's name.
                "Description": "damaged" if number % 97 == 3 else western_title(product),
                "Quantity": -line.quantity if returned else line.quantity,
                "InvoiceDate": f"{line.moment.month}/{line.moment.day}/{line.moment.year} {line.moment:%-H:%M}",
                "UnitPrice": f"{product['price']:.2f}",
                "CustomerID": "" if number % 10 == 5 else int(line.user[1:]) + 12346,
                "Country": "United Kingdom",
            }
        )
    rows.append({**rows[-1], "StockCode": "POST", "Description": "POSTAGE", "UnitPrice": "18.00"})
    (folder / "Online Retail.csv").write_text(csv_text(rows), encoding="windows-1252")


def shopify(folder: Path) -> None:
    """Orders whose first line alone has what is of the order, and products with rows of variants and of pictures."""
    catalogue = products()
    by_id = {row["product_id"]: row for row in catalogue}
    rows: Rows = []
    last = None
    for line in lines():
        first = line.order != last
        last = line.order
        guest = line.order % 25 == 7
        local = line.moment.astimezone(BERLIN)
        rows.append(
            {
                "Name": f"#{line.order}",
                "Email": ("" if guest else f"{line.user}@example.org") if first else "",
                "Financial Status": ("voided" if line.order % 40 == 1 else "paid") if first else "",
                "Paid at": f"{local:%Y-%m-%d %H:%M:%S %z}" if first else "",
                "Currency": "EUR" if first else "",
                "Created at": f"{local:%Y-%m-%d %H:%M:%S %z}" if first else "",
                "Lineitem quantity": line.quantity,
                "Lineitem name": by_id[line.product]["title"],
                "Lineitem price": f"{by_id[line.product]['price']:.2f}",
                "Lineitem sku": line.product,
                "Vendor": by_id[line.product]["brand"],
                "Phone": "",
            }
        )
    (folder / "orders_export_1.csv").write_text(csv_text(rows), encoding="utf-8")
    listed: Rows = []
    for row in catalogue:
        handle = row["title"].lower().replace(" ", "-")
        listed.append(
            {
                "Handle": handle,
                "Title": row["title"],
                "Body (HTML)": f"<p>{row['description']}</p>",
                "Vendor": row["brand"],
                "Product Category": row["category"],
                "Type": "",
                "Tags": "",
                "Published": "true",
                "Option1 Name": "Title",
                "Variant SKU": row["product_id"],
                "Variant Price": f"{row['price']:.2f}",
                "Image Src": "https://example.org/1.jpg",
            }
        )
        blank = dict.fromkeys(listed[-1], "")
        listed.append({**blank, "Handle": handle, "Image Src": "https://example.org/2.jpg"})
    (folder / "products_export_1.csv").write_text(csv_text(listed), encoding="utf-8")


def woocommerce(folder: Path) -> None:
    """Products of the core export, with a byte order mark; orders with a row an item, packed."""
    catalogue = products()
    by_id = {row["product_id"]: (number, row) for number, row in enumerate(catalogue, 10)}
    listed = [
        {
            "ID": number,
            "Type": "simple",
            "SKU": row["product_id"],
            "Name": row["title"],
            "Published": 1,
            "Is featured?": 0,
            "Visibility in catalog": "visible",
            "Short description": row["description"],
            "Description": "",
            "In stock?": int(row["in_stock"]),
            "Stock": "",
            "Regular price": f"{row['price']:.2f}",
            "Categories": row["category"],
            "Tags": "",
            "Images": "",
            "Parent": "",
        }
        for number, row in by_id.values()
    ]
    (folder / "wc-product-export.csv").write_text(csv_text(listed), encoding="utf-8-sig")
    rows = [
        {
            "order_id": line.order,
            "order_number": line.order,
            "date": f"{line.moment:%Y-%m-%d %H:%M:%S}",
            "status": "cancelled" if line.order % 30 == 2 else "completed",
            "currency": "EUR",
            "customer_id": int(line.user[1:]) + 2,
            "billing_email": f"{line.user}@example.org",
            "item_id": number,
            "item_product_id": by_id[line.product][0],
            "item_name": by_id[line.product][1]["title"],
            "item_sku": line.product,
            "item_quantity": line.quantity,
            "item_total": f"{by_id[line.product][1]['price'] * line.quantity:.2f}",
            "item_refunded": "0.00",
        }
        for number, line in enumerate(lines(), 1)
    ]
    with gzip.open(folder / "orders.csv.gz", "wt", encoding="utf-8") as file:
        file.write(csv_text(rows))


def magento(folder: Path) -> None:
    """Products with rows of a second store view, and the tables of orders and items."""
    catalogue = products()
    by_id = {row["product_id"]: row for row in catalogue}
    listed: Rows = []
    for row in catalogue:
        listed.append(
            {
                "sku": row["product_id"],
                "store_view_code": "",
                "attribute_set_code": "Default",
                "product_type": "simple",
                "categories": f"Default Category/{row['category'].replace(' > ', '/')}",
                "product_websites": "base",
                "name": row["title"],
                "description": f"<div>{row['description']}</div>",
                "short_description": "",
                "price": f"{row['price']:.6f}",
                "qty": "100.0000",
                "is_in_stock": int(row["in_stock"]),
            }
        )
        blank = dict.fromkeys(listed[-1], "")
        listed.append({**blank, "sku": row["product_id"], "store_view_code": "de", "name": f"{row['title']} DE"})
    (folder / "export_catalog_product.csv").write_text(csv_text(listed), encoding="utf-8")
    found = lines()
    orders = {
        line.order: {
            "entity_id": line.order,
            "state": "complete",
            "status": "canceled" if line.order % 30 == 2 else "complete",
            "store_id": 1,
            "customer_id": "NULL" if line.order % 12 == 5 else int(line.user[1:]) + 1,
            "customer_email": f"{line.user}@example.org",
            "increment_id": f"{line.order:09d}",
            "created_at": f"{line.moment:%Y-%m-%d %H:%M:%S}",
        }
        for line in found
    }
    (folder / "sales_order.csv").write_text(csv_text(list(orders.values())), encoding="utf-8")
    items = [
        {
            "item_id": number,
            "order_id": line.order,
            "product_id": int(line.product[1:]) + 1,
            "product_type": "simple",
            "sku": line.product,
            "name": by_id[line.product]["title"],
            "qty_ordered": f"{line.quantity:.4f}",
            "price": f"{by_id[line.product]['price']:.4f}",
            "created_at": f"{line.moment:%Y-%m-%d %H:%M:%S}",
        }
        for number, line in enumerate(found, 1)
    ]
    (folder / "sales_order_item.csv").write_text(csv_text(items), encoding="utf-8")


def olist(folder: Path) -> None:
    """Six files that belong together; a customer has another id in each order; some products have no category."""
    catalogue = products()
    prices = {row["product_id"]: row["price"] for row in catalogue}
    found = lines()
    orders = {line.order: line for line in found}
    category = {row["product_id"]: row["category"].split(" > ")[1].lower().replace(" ", "_") for row in catalogue}
    tables: dict[str, Rows] = {
        "olist_orders_dataset": [
            {
                "order_id": f"o{order:032x}",
                "customer_id": f"c{order:032x}",
                "order_status": "canceled" if order % 30 == 2 else "delivered",
                "order_purchase_timestamp": f"{line.moment:%Y-%m-%d %H:%M:%S}",
                "order_approved_at": f"{line.moment:%Y-%m-%d %H:%M:%S}",
            }
            for order, line in orders.items()
        ],
        "olist_customers_dataset": [
            {
                "customer_id": f"c{order:032x}",
                "customer_unique_id": f"{line.user}-unique",
                "customer_zip_code_prefix": "01310",
                "customer_city": "são paulo",
                "customer_state": "SP",
            }
            for order, line in orders.items()
        ],
        "olist_order_items_dataset": [
            {
                "order_id": f"o{line.order:032x}",
                "order_item_id": 1,
                "product_id": line.product,
                "seller_id": "s1",
                "shipping_limit_date": f"{line.moment + timedelta(days=4):%Y-%m-%d %H:%M:%S}",
                "price": f"{prices[line.product]:.2f}",
                "freight_value": "13.29",
            }
            for line in found
        ],
        "olist_products_dataset": [
            {
                "product_id": row["product_id"],
                "product_category_name": "" if number == 79 else category[row["product_id"]],
                "product_name_lenght": len(row["title"]),
                "product_description_lenght": 100,
                "product_photos_qty": 1,
                "product_weight_g": 225,
            }
            for number, row in enumerate(catalogue)
        ],
        "product_category_name_translation": [
            {"product_category_name": name, "product_category_name_english": f"{name}_en"}
            for name in sorted(set(category.values()))
        ],
    }
    for name, rows in tables.items():
        encoding = "utf-8-sig" if "translation" in name else "utf-8"
        (folder / f"{name}.csv").write_text(csv_text(rows), encoding=encoding)


def retailrocket(folder: Path) -> None:
    """Milliseconds, numbers for ids, and properties that are no table of products."""
    kinds = {"view": "view", "cart": "addtocart", "purchase": "transaction"}
    rows = [
        {
            "timestamp": row["timestamp"] * 1000 + 117,
            "visitorid": int(row["user_id"][1:]),
            "event": kinds[row["event_type"]],
            "itemid": int(row["product_id"][1:]),
            "transactionid": number if row["event_type"] == "purchase" else "",
        }
        for number, row in enumerate(events())
    ]
    (folder / "events.csv").write_text(csv_text(rows), encoding="utf-8")
    properties = [
        {"timestamp": 1435460400000, "itemid": item, "property": "categoryid", "value": item % 7} for item in range(80)
    ]
    (folder / "item_properties_part1.csv").write_text(csv_text(properties), encoding="utf-8")
    (folder / "category_tree.csv").write_text(csv_text([{"categoryid": 1, "parentid": 0}]), encoding="utf-8")


def instacart(folder: Path) -> None:
    """Orders in sequence without dates; the lines lie in two files of the same columns."""
    found = lines()
    numbers: dict[int, int] = {}
    counts: dict[str, int] = {}
    for line in found:
        if line.order not in numbers:
            counts[line.user] = numbers[line.order] = counts.get(line.user, 0) + 1
    orders = {
        line.order: {
            "order_id": line.order,
            "user_id": int(line.user[1:]) + 1,
            "eval_set": "prior",
            "order_number": numbers[line.order],
            "order_dow": line.moment.weekday(),
            "order_hour_of_day": f"{line.moment:%H}",
            "days_since_prior_order": "" if numbers[line.order] == 1 else "7.0",
        }
        for line in found
    }
    (folder / "orders.csv").write_text(csv_text(list(orders.values())), encoding="utf-8")
    rows = [
        {"order_id": line.order, "product_id": int(line.product[1:]) + 1, "add_to_cart_order": 1, "reordered": 0}
        for line in found
    ]
    half = len(rows) // 2
    (folder / "order_products__prior.csv").write_text(csv_text(rows[:half]), encoding="utf-8")
    (folder / "order_products__train.csv").write_text(csv_text(rows[half:]), encoding="utf-8")
    aisles = sorted({row["category"].split(" > ")[1] for row in products()})
    departments = sorted({row["category"].split(" > ")[0] for row in products()})
    listed = [
        {
            "product_id": int(row["product_id"][1:]) + 1,
            "product_name": row["title"],
            "aisle_id": aisles.index(row["category"].split(" > ")[1]) + 1,
            "department_id": departments.index(row["category"].split(" > ")[0]) + 1,
        }
        for row in products()
    ]
    (folder / "products.csv").write_text(csv_text(listed), encoding="utf-8")
    named = {"aisle": aisles, "department": departments}
    for kind, names in named.items():
        table = [{f"{kind}_id": number, kind: name} for number, name in enumerate(names, 1)]
        (folder / f"{kind}s.csv").write_text(csv_text(table), encoding="utf-8")


def amazon_reviews(folder: Path) -> None:
    """Reviews of 2023 in milliseconds, and products whose texts are lists and whose prices may be missing."""
    reviews = [
        {
            "rating": 5.0,
            "title": "Good",
            "text": "Does what it should.",
            "images": [],
            "asin": row["product_id"].upper(),
            "parent_asin": row["product_id"].upper(),
            "user_id": row["user_id"].upper(),
            "timestamp": row["timestamp"] * 1000 + 5,
            "helpful_vote": 0,
            "verified_purchase": True,
        }
        for row in events()
        if row["event_type"] == "purchase"
    ]
    with gzip.open(folder / "Home.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(review) + "\n" for review in reviews)
    write_jsonl(
        folder / "meta_Home.jsonl",
        (
            {
                "main_category": row["category"].split(" > ")[0],
                "title": row["title"],
                "average_rating": row["rating"],
                "rating_number": 10,
                "features": ["One", "Two"],
                "description": [row["description"]],
                "price": None if number % 3 else round(row["price"], 2),
                "store": row["brand"],
                "categories": row["category"].split(" > "),
                "details": {"Color": "Red"},
                "parent_asin": row["product_id"].upper(),
            }
            for number, row in enumerate(products())
        ),
    )


def taobao(folder: Path) -> None:
    """No header, Unix seconds; packed as it is handed out."""
    kinds = {"view": "pv", "cart": "cart", "purchase": "buy"}
    rows = [
        {
            "user": int(row["user_id"][1:]) + 1,
            "item": int(row["product_id"][1:]) + 2_268_318,
            "category": 2_520_377,
            "kind": "fav" if row["timestamp"] % 31 == 0 and row["event_type"] == "view" else kinds[row["event_type"]],
            "time": row["timestamp"],
        }
        for row in events()
    ]
    with zipfile.ZipFile(folder / "UserBehavior.csv.zip", "w") as archive:
        archive.writestr("UserBehavior.csv", csv_text(rows, header=False))


def google_analytics(folder: Path) -> None:
    """Events with nested items, numbers as text, microseconds, and events without items; a file a day."""
    catalogue = {row["product_id"]: row for row in products()}
    kinds = {"view": "view_item", "cart": "add_to_cart", "purchase": "purchase"}
    days: dict[str, Rows] = {}
    for number, row in enumerate(events()):
        product = catalogue[row["product_id"]]
        common = {
            "event_date": f"{row['moment']:%Y%m%d}",
            "event_timestamp": str(row["timestamp"] * 1_000_000 + number % 1000),
            "user_pseudo_id": f"{row['user_id']}.{1_600_000_000}",
            "geo": {"country": "Germany", "city": "(not set)"},
        }
        item = {
            "item_id": row["product_id"],
            "item_name": product["title"],
            "item_brand": product["brand"],
            "item_category": product["category"].split(" > ")[0],
            "price": round(product["price"], 2),
            "quantity": "1",
        }
        bought = row["event_type"] == "purchase"
        rows = days.setdefault(f"{row['moment']:%Y%m}", [])
        rows.append({**common, "event_name": "page_view", "ecommerce": {}, "items": []})
        ecommerce = {"transaction_id": row["basket_id"]} if bought else {"transaction_id": None}
        rows.append({**common, "event_name": kinds[row["event_type"]], "ecommerce": ecommerce, "items": [item]})
        if number % 20 == 0:
            lost = {**item, "item_id": "(not set)"}
            rows.append({**common, "event_name": "view_item_list", "ecommerce": {}, "items": [item, lost]})
    for day, rows in days.items():
        write_jsonl(folder / f"events_{day}.jsonl", rows)


EXPORTS: dict[str, Callable[[Path], None]] = {
    "Online Retail (UCI)": online_retail,
    "Shopify": shopify,
    "WooCommerce": woocommerce,
    "Magento": magento,
    "Olist": olist,
    "RetailRocket": retailrocket,
    "Instacart": instacart,
    "Amazon reviews (2023)": amazon_reviews,
    "Taobao user behaviour": taobao,
    "Google Analytics 4": google_analytics,
}
