"""Makes the tables of the tea shop: products, events, users and reviews. Nobody in them is real.

    python examples/tea_shop/make_tables.py

What the shop sells, who comes and what they write stands in `source/`; this script draws from it with a fixed seed, so
that it makes the same tables each time. They cover 40 weeks.
"""

import csv
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

FOLDER = Path(__file__).resolve().parent
SEED = 7
START, DAYS = datetime(2025, 2, 3, tzinfo=UTC), 280
CUSTOMERS, REVIEWS = 300, 480
CITIES = ("Bristol", "Edinburgh", "Leeds", "Norwich", "York")
# How often customers come, in days, how many products they take, and how many of them are so.
RHYTHMS = {"now and then": (45.0, 1.2, 0.40), "monthly": (26.0, 2.0, 0.35), "often": (14.0, 3.2, 0.25)}
STAY_AWAY, COME_LATER = 0.18, 0.25
FAVOURITES = 4
# Chances: of a favourite instead of something new, of what goes with a product, and of a look without buying.
AGAIN, TOGETHER, LOOK = 0.62, 0.55, 0.35
EXTRA, TOOL, ANYTHING = 0.45, 0.22, 0.04
SPLITS = {"train": 0.6, "eval": 0.15, "test": 0.25}
LABELS = {"praise": 0.42, "complaint": 0.32, "question": 0.26}
SHOP, ABOUT_SHOP = "Shop", 0.08
# Chances of a sentence before what is said of the product, and of one after it.
AROUND = {"before": 0.25, "after": 0.3}


@dataclass(frozen=True, eq=False)
class Product:
    """A row of the products table; `name` is the title without brand, form or size."""

    row: dict[str, Any]
    name: str

    @property
    def product_id(self) -> str:
        """The id: the title's words with hyphens."""
        return str(self.row["product_id"])

    @property
    def category(self) -> str:
        """The category with its levels."""
        return str(self.row["category"])


@dataclass(frozen=True, eq=False)
class Customer:
    """What a customer keeps to, and the days from which and up to which it comes."""

    row: dict[str, str]
    habits: dict[str, Any]
    favourites: list[Product]
    days_between: float
    basket: float
    first_day: float
    last_day: float


def read(name: str) -> Any:
    """Reads a file of `source/`."""
    return yaml.safe_load((FOLDER / "source" / name).read_text(encoding="utf-8"))


def make_products(dice: random.Random) -> list[Product]:
    """Makes a product of each variety of each kind in each of its forms."""
    made = []
    for kind in read("products.yaml"):
        for variety, description in kind["varieties"].items():
            first, *size = variety.split(", ")
            name = f"{first} {kind['noun']}".strip()
            price = kind.get("prices", {}).get(variety) or kind["price"] * dice.uniform(0.8, 1.3)
            brand, rating = dice.choice(kind["brands"]), round(dice.uniform(3.4, 4.9), 1)
            for form, factor in (kind["forms"] or {"": 1.0}).items():
                title = ", ".join(filter(None, [name, *size, form]))
                row = {
                    "product_id": re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-"),
                    "title": title,
                    "brand": brand,
                    "category": kind["category"],
                    "description": description,
                    "price": f"{round(2 * price * factor) / 2 - 0.01:.2f}",
                    "rating": rating,
                    "in_stock": "true" if dice.random() < 0.95 else "false",
                }
                made.append(Product(row, name))
    return made


def make_customers(dice: random.Random, products: list[Product]) -> list[Customer]:
    """Makes customers with habits of one kind each."""
    kinds = read("habits.yaml")["customers"]
    names = list(kinds)
    customers = []
    for number in range(1, CUSTOMERS + 1):
        habits = kinds[dice.choices(names, [kinds[name]["share"] for name in names])[0]]
        drinks = in_categories(products, habits["drinks"])
        favourites: list[Product] = []
        while len(favourites) < FAVOURITES:
            favourites.append(popular(dice, [product for product in drinks if product not in favourites]))
        days_between, basket, _ = dice.choices(list(RHYTHMS.values()), [share for _, _, share in RHYTHMS.values()])[0]
        customers.append(
            Customer(
                row={
                    "user_id": f"customer-{number:03}",
                    "city": dice.choice(CITIES),
                    "newsletter": dice.choice(("yes", "no")),
                },
                habits=habits,
                favourites=favourites,
                days_between=days_between * dice.uniform(0.8, 1.2),
                basket=basket,
                first_day=dice.uniform(30, 200) if dice.random() < COME_LATER else dice.uniform(0, days_between),
                last_day=dice.uniform(60, DAYS) if dice.random() < STAY_AWAY else DAYS,
            )
        )
    return customers


def in_categories(products: list[Product], categories: list[str]) -> list[Product]:
    """Returns the products of some categories."""
    return [product for product in products if product.category in categories]


def popular(dice: random.Random, products: list[Product]) -> Product:
    """Draws a product, the first of each category far more often than the last."""
    categories = sorted({product.category for product in products})
    chosen = in_categories(products, [dice.choice(categories)])
    return chosen[min(int(len(chosen) * dice.random() ** 2.2), len(chosen) - 1)]


def make_events(dice: random.Random, products: list[Product], customers: list[Customer]) -> list[dict[str, Any]]:
    """Makes what the customers looked at and bought, in order of time."""
    partners: dict[str, str] = read("habits.yaml")["together"]
    events: list[dict[str, Any]] = []
    for customer in customers:
        owned: set[str] = set()
        day, visit = customer.first_day, 0
        while day < customer.last_day:
            visit += 1
            moment = START + timedelta(days=int(day), hours=dice.uniform(8, 21))
            bought, seen = visit_shop(dice, products, customer, partners, owned)
            basket_id = f"{customer.row['user_id']}-{visit}"
            for place, product in enumerate([*seen, *bought]):
                event: dict[str, Any] = {
                    "user_id": customer.row["user_id"],
                    "product_id": product.product_id,
                    "event_type": "view" if place < len(seen) else "purchase",
                    "timestamp": (moment + timedelta(minutes=2 * min(place, len(seen)))).isoformat(timespec="seconds"),
                    "basket_id": None,
                    "quantity": None,
                    "price": None,
                }
                if event["event_type"] == "purchase":
                    quantity = 1 + (dice.random() < 0.15 and not product.category.startswith("Equipment"))
                    event |= {"basket_id": basket_id, "quantity": quantity, "price": float(product.row["price"])}
                events.append(event)
            day += customer.days_between * dice.uniform(0.6, 1.4)
    return sorted(events, key=lambda event: event["timestamp"])


def visit_shop(
    dice: random.Random, products: list[Product], customer: Customer, partners: dict[str, str], owned: set[str]
) -> tuple[list[Product], list[Product]]:
    """Returns what a customer buys, and what it looks at before; tools that it has are not bought again."""
    habits = customer.habits
    wanted: list[Product] = []
    for _ in range(max(1, round(dice.gauss(customer.basket, 0.6)))):
        if dice.random() < AGAIN:
            wanted.append(dice.choice(customer.favourites))
        else:
            wanted.append(popular(dice, in_categories(products, habits["drinks"])))
    for chance, categories in ((EXTRA, habits["extras"]), (TOOL, habits["tools"])):
        if dice.random() < chance:
            wanted.append(popular(dice, in_categories(products, categories)))
    if dice.random() < ANYTHING:
        wanted.append(popular(dice, products))
    for product in list(wanted):
        if product.name in partners and dice.random() < TOGETHER:
            wanted.append(next(each for each in products if each.name == partners[product.name]))
    bought = list(dict.fromkeys(product for product in wanted if product.product_id not in owned))
    owned |= {product.product_id for product in bought if product.category.startswith(("Equipment", "Cups"))}
    also = [popular(dice, in_categories(products, habits["drinks"] + habits["tools"]))]
    seen = [product for product in bought + also if dice.random() < LOOK]
    return bought, list(dict.fromkeys(seen))


def make_reviews(dice: random.Random, products: list[Product]) -> list[dict[str, str]]:
    """Makes reviews; each sentence is of one split, so that what is tested has not been read before."""
    source = read("reviews.yaml")
    split_of = {sentence: one_of(dice, SPLITS) for sentence in sentences(source)}
    reviews: dict[str, dict[str, str]] = {}
    while len(reviews) < REVIEWS:
        label = one_of(dice, LABELS)
        product = popular(dice, products)
        department = product.category.split(" > ")[0] if dice.random() > ABOUT_SHOP else SHOP
        body = dice.choice(source["bodies"][department][label])
        split = split_of[body]
        around = []
        for place, chance in AROUND.items():
            fitting = [sentence for sentence in source[place][label] if split_of[sentence] == split]
            around.append(dice.choice(fitting) if fitting and dice.random() < chance else "")
        parts = [around[0], body.format(name=product.name), around[1]]
        text = as_typed(dice, " ".join(filter(None, parts)))
        # Other sentences are about what was bought too, but not all of them fit every product of the department.
        product_id = product.product_id if "{name}" in body else ""
        row = {"text": text, "label": label, "department": department, "product_id": product_id}
        reviews.setdefault(text, row | {"split": split})
    return list(reviews.values())


def sentences(source: Any) -> list[str]:
    """Returns all strings within lists and mappings, in order."""
    if isinstance(source, str):
        return [source]
    return [each for part in (source.values() if isinstance(source, dict) else source) for each in sentences(part)]


def one_of(dice: random.Random, shares: dict[str, float]) -> str:
    """Draws a name by the shares of all."""
    return dice.choices(list(shares), list(shares.values()))[0]


def as_typed(dice: random.Random, text: str) -> str:
    """Returns a text as people in a hurry, or in a temper, write it now and then."""
    habit = dice.random()
    if habit < 0.10:
        return text.lower().rstrip(".")
    if habit < 0.16 and not text.endswith("?"):
        return text.rstrip(".!") + "!!"
    if habit < 0.20:
        return text.replace("'", "").replace(",", "")
    return text


def write_csv(file: Path, rows: list[dict[str, Any]]) -> None:
    """Writes rows with a header."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def make_tables(folder: Path) -> None:
    """Writes products.csv, events.parquet, users.csv and reviews.csv."""
    # One for each table, so that a change of one leaves the others as they are.
    dice = {name: random.Random(f"{SEED} {name}") for name in ("products", "customers", "events", "reviews")}
    products = make_products(dice["products"])
    customers = make_customers(dice["customers"], products)
    write_csv(folder / "products.csv", [product.row for product in products])
    write_csv(folder / "users.csv", [customer.row for customer in customers])
    write_csv(folder / "reviews.csv", make_reviews(dice["reviews"], products))
    events = pa.Table.from_pylist(make_events(dice["events"], products, customers))
    pq.write_table(events, folder / "events.parquet", compression="zstd")


if __name__ == "__main__":
    make_tables(FOLDER)
