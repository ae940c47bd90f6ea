"""Making and writing a Catalogue artifact; `trainer.artifacts.catalogue` reads it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.artifacts.catalogue import CATALOGUE_SCHEMA
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import CATALOGUE_FACTS_FILE, CATALOGUE_FILE
from trainer.artifacts.parquet_files import write_parquet
from trainer.options import TextField
from trainer.text.product_texts import product_texts


class Popularity(NamedTuple):
    """How much products are asked for, one value a product.

    Attributes:
        event_count: Events, int64 `(products,)`.
        popularity: Their weight, float64 `(products,)`.
        decayed_popularity: Their weight, less by their age, float64 `(products,)`.
    """

    event_count: npt.NDArray[np.int64]
    popularity: npt.NDArray[np.float64]
    decayed_popularity: npt.NDArray[np.float64]

    @classmethod
    def none(cls, products: int) -> "Popularity":
        """Returns that of products that no event is counted of."""
        return cls(np.zeros(products, np.int64), np.zeros(products), np.zeros(products))


def build_catalogue(
    products: pa.Table, popularity: Popularity, text_fields: Sequence[TextField], kept: Sequence[pa.Field] = ()
) -> pa.Table:
    """Gathers what models learn and serving shows of products; holds them in memory, as every served model does.

    Args:
        products: Rows of a products table with plain columns; product_id (binary or string) at the least. A product
            without a title column is its own title.
        popularity: How much each of them is asked for.
        text_fields: Columns that make up the text; none for no texts.
        kept: Columns that are kept as they are, null where there is no value; those of the schema are there anyway.

    Returns:
        A table with `CATALOGUE_SCHEMA` and the kept columns, in byte order of product ids; the row number is the
        product's index.
    """
    for name, values in zip(Popularity._fields, popularity, strict=True):
        products = products.append_column(name, pa.array(values))
    products = by_product_id(products)
    fallback = products["product_id"] if "title" not in products.column_names else ""
    texts = product_texts(products, text_fields) if text_fields else [""] * len(products)
    columns: dict[str, Any] = {
        "product_id": products["product_id"],
        "title": filled(products, "title", pa.string(), fallback),
        "category": filled(products, "category", pa.string(), ""),
        "brand": filled(products, "brand", pa.string(), ""),
        "price": filled(products, "price", pa.float32(), float("nan")),
        "in_stock": filled(products, "in_stock", pa.bool_(), True),
        "recommendable": filled(products, "recommendable", pa.bool_(), True),
        "text": pa.array(texts, pa.string()),
        "image": filled(products, "image", pa.string(), ""),
        **{name: products[name] for name in Popularity._fields},
    }
    catalogue = pa.table({field.name: columns[field.name].cast(field.type) for field in CATALOGUE_SCHEMA})
    for field in kept:
        if field.name not in catalogue.column_names:
            missing = pa.nulls(len(catalogue), field.type)
            values = products[field.name].cast(field.type) if field.name in products.column_names else missing
            catalogue = catalogue.append_column(field, values)
    return catalogue


def by_product_id(products: pa.Table) -> pa.Table:
    """Returns rows in byte order of their product_id, which becomes binary."""
    place = products.column_names.index("product_id")
    products = products.set_column(place, "product_id", products["product_id"].cast(pa.binary()))
    return products.take(pc.sort_indices(products["product_id"]))


def filled(table: pa.Table, name: str, dtype: pa.DataType, missing: Any) -> pa.ChunkedArray:
    """Returns a column of a table as `dtype`, with `missing` where it is null or where there is no such column."""
    column = table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table), dtype)])
    if not isinstance(missing, pa.ChunkedArray):
        return pc.fill_null(column.cast(dtype), pa.scalar(missing, dtype))
    return pc.if_else(column.is_valid(), column.cast(dtype), missing.cast(dtype))


def write_catalogue(uri: str, catalogue: pa.Table) -> None:
    """Writes `catalogue.parquet` under an artifact's uri."""
    write_parquet(f"{uri}/{CATALOGUE_FILE}", catalogue)


def write_catalogue_facts(uri: str, facts: dict[str, Any]) -> None:
    """Writes `catalogue.json` under an artifact's uri."""
    write_json(f"{uri}/{CATALOGUE_FACTS_FILE}", facts)
