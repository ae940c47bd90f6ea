"""What segmentation knows of products: their kinds, the areas that money goes to, and what one of them costs."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

from components.segmentation.examples.user_events import UserEvents

OTHER = "other"
_LEVELS = " > "
_FILE = "catalogue.parquet"


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
        Columns product_id, title, kind and area (string) and spend (float32), in byte order of product_ids.
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
    column = products.column_names.index("product_id")
    products = products.set_column(column, "product_id", products["product_id"].cast(pa.binary()))
    products = products.take(pc.sort_indices(products["product_id"]))
    place = pc.index_in(products["product_id"], value_set=sums["product_id"].combine_chunks())
    spend, priced = (pc.fill_null(sums[name].take(place), 0).to_numpy() for name in ("spend", "priced"))
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(priced > 0, spend / priced, np.nan)
    if "price" in products.column_names:
        each = np.where(np.isfinite(each), each, products["price"].cast(pa.float64()).to_numpy())
    known = each[np.isfinite(each)]
    each = np.where(np.isfinite(each), each, known.mean() if len(known) else 1.0)
    ids = products["product_id"].cast(pa.string())
    titles = _filled(products, "title", ids)
    categories = _filled(products, "category", pa.chunked_array([pa.array([""] * len(products))])).to_pylist()
    tops = np.array([category.split(_LEVELS)[0] for category in categories], object)
    kinds = [
        category.split(_LEVELS)[-1] or title for category, title in zip(categories, titles.to_pylist(), strict=True)
    ]
    return pa.table(
        {
            "product_id": ids,
            "title": titles,
            "kind": pa.array(kinds, pa.string()),
            "area": pa.array(_areas(tops, spend, areas), pa.string()),
            "spend": pa.array(each.astype(np.float32)),
        }
    )


def write_products(uri: str, products: pa.Table) -> None:
    """Writes what `describe_products` returns under a Catalogue artifact's uri."""
    sink = pa.BufferOutputStream()
    pq.write_table(products, sink)
    with fileio.open(f"{uri}/{_FILE}", "wb") as file:
        file.write(sink.getvalue().to_pybytes())


def _areas(tops: np.ndarray, spend: np.ndarray, most: int) -> list[str]:
    names = sorted({top for top in tops if top})
    totals = {name: float(spend[tops == name].sum()) for name in names}
    kept = set(sorted(names, key=lambda name: (-totals[name], name))[:most])
    return [top if top in kept else OTHER for top in tops]


def _filled(products: pa.Table, name: str, missing: pa.ChunkedArray) -> pa.ChunkedArray:
    if name not in products.column_names:
        return missing
    column = products[name].cast(pa.string())
    return pc.if_else(column.is_valid(), column, missing)
