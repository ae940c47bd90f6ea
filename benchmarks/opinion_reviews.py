"""Reviews of a made-up shop in which bad weeks and copies are planted, so that one can see whether they are found."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.graph.time_units import DAY_SECONDS

WEEK_SECONDS = 7 * DAY_SECONDS
# A Monday.
FIRST_MONDAY = 1_704_067_200
_THINGS = ["zipper", "lid", "handle", "strap", "battery", "screen", "seam", "sole", "hinge", "motor", "lens", "button"]
_GOOD = ["works well", "looks lovely", "feels solid", "is easy to clean", "fits neatly", "came quickly", "was worth it"]
_BAD = ["broke", "came scratched", "does not fit", "smells odd", "stopped working", "was missing", "fell off"]
_WHEN = ["after two weeks", "on the first day", "as promised", "in our kitchen", "during a trip", "over the winter"]
_WHO = ["my sister", "our neighbour", "the whole family", "a friend", "my partner", "the shop", "everybody here"]
_SAYS = ["noticed it", "agrees with me", "said the same", "laughed about it", "asked where it is from"]
_SHORT = ("Great product!", "Just as described.", "Do not buy.", "Fast delivery, thanks.", "Not what I wanted.")


@dataclass
class Planted:
    """Reviews, and what is planted in them.

    Attributes:
        rows: Columns of the table `texts`.
        products: Products, each with its category.
        bad_weeks: (product, first week, last week) of each bad stretch; weeks count from the first Monday.
        copies: Row numbers of the copies.
    """

    rows: dict[str, list[object]] = field(
        default_factory=lambda: {"text": [], "label": [], "product_id": [], "timestamp": []}
    )
    products: dict[str, str] = field(default_factory=dict)
    bad_weeks: list[tuple[str, int, int]] = field(default_factory=list)
    copies: set[int] = field(default_factory=set)

    def add(self, text: str, negative: bool, product: str, at: int) -> int:
        """Adds a review; returns its row number."""
        for name, value in zip(self.rows, (text, "negative" if negative else "positive", product, at), strict=True):
            self.rows[name].append(value)
        return len(self.rows["text"]) - 1


def planted_reviews(*, products: int, weeks: int, bad: int, copied: int, seed: int) -> Planted:
    """Returns reviews of a shop.

    A product gets 1 to 12 reviews a week, of which 5% to 25% are negative. In a bad stretch, of two to four weeks of a
    product with five reviews a week or more, 70% to 90% are. A copied review has four to nine copies, of any product
    and time after it, of which each is the same text, or one with other capitals and stops, or one with two words more.

    Args:
        products: Products.
        weeks: Weeks.
        bad: Bad stretches, each of another product.
        copied: Reviews that are copied.
        seed: Seed of everything.
    """
    random = np.random.default_rng(seed)
    planted = Planted()
    rates = random.uniform(1.0, 12.0, products)
    usual = random.uniform(0.05, 0.25, products)
    stretches: dict[int, range] = {}
    for product in random.choice(np.flatnonzero(rates >= 5.0), bad, replace=False).tolist():
        start, length = int(random.integers(4, weeks - 8)), int(random.integers(2, 5))
        stretches[product] = range(start, start + length)
        planted.bad_weeks.append((f"P{product:04}", start, start + length - 1))
    for product in range(products):
        name = f"P{product:04}"
        planted.products[name] = f"Area {product % 4} > Shelf {product % 20}"
        for week in range(weeks):
            share = random.uniform(0.7, 0.9) if week in stretches.get(product, ()) else usual[product]
            for _ in range(random.poisson(rates[product])):
                negative = bool(random.random() < share)
                at = FIRST_MONDAY + week * WEEK_SECONDS + int(random.integers(WEEK_SECONDS))
                planted.add(_text(negative, random), negative, name, at)
    originals = random.permutation(len(planted.rows["text"]))
    long = [row for row in originals.tolist() if len(str(planted.rows["text"][row]).split()) > 20][:copied]
    for row in long:
        for _ in range(random.integers(4, 10)):
            text = _altered(str(planted.rows["text"][row]), random)
            at = int(str(planted.rows["timestamp"][row])) + int(random.integers(1, 4 * WEEK_SECONDS))
            product = f"P{random.integers(products):04}"
            planted.copies.add(planted.add(text, planted.rows["label"][row] == "negative", product, at))
    return planted


def write_artifacts(planted: Planted, folder: Path) -> tuple[str, str]:
    """Writes the reviews and the products in the form of table artifacts; returns both files."""
    texts, products = folder / "texts.parquet", folder / "products.parquet"
    _write(planted.rows, texts)
    _write({"product_id": list(planted.products), "category": list(planted.products.values())}, products)
    return str(texts), str(products)


def _write(columns: dict[str, list[object]] | dict[str, list[str]], file: Path) -> None:
    lists = {
        name: pa.array([[value.encode() if isinstance(value, str) else value] for value in values])
        for name, values in columns.items()
    }
    pq.write_table(pa.table(lists), file)


def _text(negative: bool, random: np.random.Generator) -> str:
    if random.random() < 0.2:
        return str(random.choice(_SHORT))
    said = [f"The {random.choice(_THINGS)} {random.choice(_BAD if negative else _GOOD)} {random.choice(_WHEN)}."]
    for _ in range(random.integers(2, 5)):
        kind = _GOOD if random.random() < 0.6 else _BAD
        said.append(
            f"{random.choice(_WHO)} {random.choice(_SAYS)}, as the {random.choice(_THINGS)} {random.choice(kind)} "
            f"{random.choice(_WHEN)} {random.integers(2, 400)} days ago."
        )
    return " ".join(said)


def _altered(text: str, random: np.random.Generator) -> str:
    kind = random.integers(3)
    if kind == 1:
        return text.upper().replace(".", " !")
    if kind == 2:
        return f"Honestly recommended. {text}"
    return text
