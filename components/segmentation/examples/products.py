"""What segmentation knows of products: their kinds, the areas that money goes to, and what one of them costs."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.products.catalogue import by_product_id, filled
from components.segmentation.examples.user_events import UserEvents
from serving.graph.catalogue import CATEGORY_SEPARATOR

SEGMENTATION_CATALOGUE_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("kind", pa.string()),
        ("area", pa.string()),
        ("spend", pa.float32()),
    ]
)
PRODUCT_COLUMNS = ("product_id", "title", "category", "price")
OTHER = "other"


def product_sums(events: UserEvents, before: int) -> pa.Table:
    """Returns product_id (binary), spend (float64), priced and bought (int64), over what was bought before a moment."""
    chosen = events.bought & (events.time < before)
    encoded = events.product_id.filter(pa.array(chosen)).dictionary_encode()
    codes, products = encoded.indices.to_numpy(), len(encoded.dictionary)
    return pa.table(
        {
            "product_id": encoded.dictionary,
            "spend": np.bincount(codes, events.spend[chosen], minlength=products),
            "priced": np.bincount(codes[events.priced[chosen]], minlength=products),
            "bought": np.bincount(codes, minlength=products),
        }
    )


def describe_products(sums: pa.Table | None, products: pa.Table | None, areas: int) -> pa.Table:
    """Describes every product.

    What one event costs is the mean of what it did cost, else the catalogue's price, else the mean over all products,
    else 1, so that money counts events. A kind is the last level of the category, or the title where there is none; an
    area is the first level of the category if it is among those with the most spend. Holds the products in memory.

    Args:
        sums: What `product_sums` found, added up; None where nothing was bought.
        products: The products table with plain columns, or None where a shop has none.
        areas: Areas that are told apart.

    Returns:
        A table with `SEGMENTATION_CATALOGUE_SCHEMA`, in byte order of product ids.
    """
    if sums is None:
        sums = pa.table(
            {
                "product_id": pa.array([], pa.binary()),
                "spend": pa.array([], pa.float64()),
                "priced": pa.array([], pa.int64()),
                "bought": pa.array([], pa.int64()),
            }
        )
    if products is None:
        products = pa.table({"product_id": sums["product_id"]})
    products = by_product_id(products)
    place = pc.index_in(products["product_id"], value_set=sums["product_id"].combine_chunks())
    spend, priced = (pc.fill_null(sums[name].take(place), 0).to_numpy() for name in ("spend", "priced"))
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(priced > 0, spend / priced, np.nan)
    if "price" in products.column_names:
        each = np.where(np.isfinite(each), each, products["price"].cast(pa.float64()).to_numpy())
    known = each[np.isfinite(each)]
    each = np.where(np.isfinite(each), each, known.mean() if len(known) else 1.0)
    ids = products["product_id"].cast(pa.string())
    titles = filled(products, "title", pa.string(), ids)
    categories = filled(products, "category", pa.string(), "").to_pylist()
    tops = np.array([category.split(CATEGORY_SEPARATOR)[0] for category in categories], object)
    kinds = [
        category.split(CATEGORY_SEPARATOR)[-1] or title
        for category, title in zip(categories, titles.to_pylist(), strict=True)
    ]
    return pa.table(
        {
            "product_id": ids,
            "title": titles,
            "kind": pa.array(kinds, pa.string()),
            "area": pa.array(_areas(tops, spend, areas), pa.string()),
            "spend": pa.array(each.astype(np.float32)),
        },
        SEGMENTATION_CATALOGUE_SCHEMA,
    )


def _areas(tops: np.ndarray, spend: np.ndarray, most: int) -> list[str]:
    names = sorted({top for top in tops if top})
    totals = {name: float(spend[tops == name].sum()) for name in names}
    kept = set(sorted(names, key=lambda name: (-totals[name], name))[:most])
    return [top if top in kept else OTHER for top in tops]
