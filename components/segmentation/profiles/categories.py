"""Which categories have a chance, and what profiles know of products."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import IntArray
from components.products.catalogue import by_product_id, filled
from serving.graph.catalogue import CATEGORY_SEPARATOR

NO_CATEGORY = -1


class Categories(NamedTuple):
    """Categories and products.

    Attributes:
        names: Of the categories, those with the most purchases first.
        popularity: Purchases of each, float64 `(categories,)`.
        product_ids: In byte order, binary `(products,)`.
        category: Place of each product's category, -1 for none of these, int64 `(products,)`.
        brands: Of each product, string `(products,)`; empty for none.
        price_level: What a purchase of each product costs in that of its category, NaN where not known, `(products,)`.
    """

    names: tuple[str, ...]
    popularity: npt.NDArray[np.float64]
    product_ids: pa.Array
    category: IntArray
    brands: pa.Array
    price_level: npt.NDArray[np.float64]

    def rows(self, product_ids: pa.Array) -> IntArray:
        """Returns the row of each product, -1 of one that is not known."""
        place = pc.fill_null(pc.index_in(product_ids, value_set=self.product_ids), -1)
        rows: IntArray = place.to_numpy(zero_copy_only=False).astype(np.int64)
        return rows


def describe_categories(sums: pa.Table, products: pa.Table, levels: int, most: int) -> Categories:
    """Chooses the categories with the most purchases, and places products in them; holds the products in memory.

    Args:
        sums: What `components.segmentation.examples.products.product_sums` found, added up.
        products: The products table with plain columns.
        levels: Levels of a category that are told apart.
        most: Categories at the most.
    """
    products = by_product_id(products)
    place = pc.index_in(products["product_id"], value_set=sums["product_id"].combine_chunks())
    spend, priced, bought = (pc.fill_null(sums[n].take(place), 0).to_numpy() for n in ("spend", "priced", "bought"))
    paths = filled(products, "category", pa.string(), "").to_pylist()
    names = np.array([CATEGORY_SEPARATOR.join(path.split(CATEGORY_SEPARATOR)[:levels]) for path in paths], object)
    distinct, code = np.unique(names, return_inverse=True)
    purchases = np.bincount(code, bought, minlength=len(distinct))
    order = np.lexsort((np.arange(len(distinct)), -purchases))
    kept = [each for each in order.tolist() if distinct[each] and purchases[each] > 0][:most]
    place_of = np.full(len(distinct), NO_CATEGORY)
    place_of[kept] = np.arange(len(kept))
    with np.errstate(divide="ignore", invalid="ignore"):
        of_category = np.bincount(code, spend, minlength=len(distinct)) / np.bincount(
            code, priced, minlength=len(distinct)
        )
        level = np.where(priced > 0, spend / priced, np.nan) / of_category[code]
    return Categories(
        names=tuple(distinct[kept].tolist()),
        popularity=purchases[kept].astype(np.float64),
        product_ids=products["product_id"].combine_chunks().cast(pa.binary()),
        category=place_of[code].astype(np.int64),
        brands=pc.fill_null(filled(products, "brand", pa.string(), ""), "").combine_chunks(),
        price_level=np.where(np.isfinite(level), level, np.nan),
    )


def most_often(values: Sequence[Any], most: int) -> list[Any]:
    """Returns the values that come most often, those that come as often in their own order; empty ones do not count."""
    found, counts = np.unique(np.array([value for value in values if value], object), return_counts=True)
    order = np.lexsort((np.arange(len(found)), -counts))[:most]
    return [found[each] for each in order.tolist()]
