"""What the gateway knows of products without asking a model."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.gateway.api.products import Product

_COLUMNS = ["product_id", "title", "category", "brand", "price", "in_stock", "recommendable", "decayed_popularity"]
_MOST_CATEGORIES = 50
_SEPARATOR = " > "


class Catalogue:
    """The catalogue of a run, and what sells best of it.

    Args:
        table: `product_id`, `title`, `category`, `brand`, `price`, `in_stock`, `recommendable`, `decayed_popularity`.
    """

    def __init__(self, table: pa.Table) -> None:
        self._columns: dict[str, list[Any]] = {name: table.column(name).to_pylist() for name in table.column_names}
        self._places = {product_id: place for place, product_id in enumerate(self._columns.get("product_id", ()))}
        popularity = np.array(self._columns.get("decayed_popularity", ()), dtype=np.float64)
        # Stable, so that equal ones come in the catalogue's order.
        self._best_sellers = np.argsort(-popularity, kind="stable").tolist()
        self.categories = self._largest_categories()

    @staticmethod
    def read(files: Sequence[Path]) -> "Catalogue":
        """Reads files `catalogue.parquet`, of which the first one that has a product says what it is.

        Args:
            files: The files; none gives a catalogue without products.

        Raises:
            InputError: One cannot be read.
        """
        tables: list[pa.Table] = []
        known = pa.nulls(0, pa.string())
        for file in files:
            try:
                table = pq.read_table(file, columns=_COLUMNS, partitioning=None)
            except (OSError, pa.ArrowException, ValueError) as error:
                raise InputError(f"{file}: expected the catalogue of a run: {error}") from error
            new = table.filter(pc.invert(pc.is_in(table.column("product_id"), value_set=known)))
            known = pa.concat_arrays([known, *new.column("product_id").chunks])
            tables.append(new)
        return Catalogue(pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({}))

    def __len__(self) -> int:
        """Returns the number of products."""
        return len(self._places)

    def product(self, product_id: str) -> Product | None:
        """Returns what is known of a product; None where it is not in the catalogue."""
        place = self._places.get(product_id)
        return None if place is None else Product(**self._facts(place))

    def facts(self, product_id: str) -> dict[str, Any]:
        """Returns category, brand, price and in_stock of a product; nothing where it is not in the catalogue."""
        place = self._places.get(product_id)
        if place is None:
            return {}
        facts = self._facts(place)
        del facts["product_id"], facts["title"]
        return facts

    def title(self, product_id: str) -> str:
        """Returns the title of a product; empty where it is not in the catalogue."""
        place = self._places.get(product_id)
        return "" if place is None else self._columns["title"][place]

    def best_sellers(
        self, k: int, *, category: str = "", max_price: float = 0.0, in_stock_only: bool = False, exclude: set[str]
    ) -> list[Product]:
        """Returns what sells best of the products that may be recommended.

        Args:
            k: How many.
            category: Its first levels, joined by " > "; empty for any.
            max_price: Highest price; 0 for any.
            in_stock_only: Whether to leave out what is out of stock.
            exclude: Products to leave out.
        """
        found: list[Product] = []
        titles: set[str] = set()
        for place in self._best_sellers:
            if len(found) >= k:
                break
            facts = self._facts(place)
            wanted = (
                self._columns["recommendable"][place] is not False
                and facts["product_id"] not in exclude
                and facts["title"] not in titles
                and (not category or _below(facts["category"], category))
                and (max_price <= 0 or (facts["price"] is not None and facts["price"] <= max_price))
                and not (in_stock_only and facts["in_stock"] is False)
            )
            if wanted:
                titles.add(facts["title"])
                found.append(Product(score=float(k - len(found)), **facts))
        return found

    def _facts(self, place: int) -> dict[str, Any]:
        columns = self._columns
        price = columns["price"][place]
        return {
            "product_id": columns["product_id"][place],
            "title": columns["title"][place] or "",
            "category": columns["category"][place] or "",
            "brand": columns["brand"][place] or "",
            # Stored as float32; two decimals are what a price has.
            "price": None if price is None or price != price else round(price, 4),
            "in_stock": columns["in_stock"][place],
        }

    def _largest_categories(self) -> list[str]:
        first = Counter((category or "").partition(_SEPARATOR)[0] for category in self._columns.get("category", ()))
        del first[""]
        return [category for category, _ in first.most_common(_MOST_CATEGORIES)]


def _below(category: str, wanted: str) -> bool:
    return category == wanted or category.startswith(wanted + _SEPARATOR)
