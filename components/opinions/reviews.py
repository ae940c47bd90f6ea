"""Reviews as the opinion watch reads them."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from components.tables.read_back import stripped_rows

REVIEW_COLUMNS = ("text", "label", "product_id", "timestamp")
ALL, PRODUCT, CATEGORY, ASPECT = "all", "product", "category", "aspect"
_LEVELS = " > "


class Review(NamedTuple):
    """One review.

    Attributes:
        key: Digest of all that the row says: rows that say the same are one review.
        text: What it says.
        product_id: The product; empty where the row names none.
        at: When, in Unix seconds.
        negative: Whether its label is one of the negative ones.
    """

    key: bytes
    text: str
    product_id: str
    at: int
    negative: bool


class Series(NamedTuple):
    """What a share of negative reviews is of.

    Attributes:
        level: `all`, `product`, `category` or `aspect`.
        name: Which one; empty for all.
    """

    level: str
    name: str


def reviews_of(stream: bytes, negative: frozenset[str]) -> Iterator[Review]:
    """Yields the reviews of an Arrow IPC stream of the table `texts`; a row without a time is none.

    Args:
        stream: With the columns `REVIEW_COLUMNS`, as far as the table has them.
        negative: Labels of negative reviews.
    """
    for row in stripped_rows(stream):
        if "timestamp" in row:
            yield review_of(row, negative)


def review_of(row: Mapping[str, Any], negative: frozenset[str]) -> Review:
    """Returns the review of a row with a time."""
    text, label, product, at = row["text"], row["label"], row.get("product_id", ""), int(row["timestamp"])
    said = "\0".join((text, label, product, str(at)))
    key = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).digest()
    return Review(key, text, product, at, label in negative)


def week_of(at: int, zone: str) -> int:
    """Returns the week of a moment, as the days from 1970-01-01 to its Monday.

    Args:
        at: Unix seconds.
        zone: Name of the shop's time zone.
    """
    day = (datetime.fromtimestamp(at, UTC if zone == "UTC" else ZoneInfo(zone))).date()
    return (day - timedelta(days=day.weekday()) - date(1970, 1, 1)).days


def series_of(review: Review, category: str) -> Iterator[Series]:
    """Yields what a review counts for: all, its product, and its category at each level.

    Args:
        review: The review.
        category: Of its product; empty where it is unknown.
    """
    yield Series(ALL, "")
    if review.product_id:
        yield Series(PRODUCT, review.product_id)
    levels = category.split(_LEVELS) if category else []
    for depth in range(1, len(levels) + 1):
        yield Series(CATEGORY, _LEVELS.join(levels[:depth]))
