"""The catalogue artifact: which products a model knows, and the number that stands for each."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

from components.recommendation.examples.options import TaskExamplesOptions
from trainer.text.product_texts import product_texts

CATALOGUE_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("price", pa.float32()),
        ("in_stock", pa.bool_()),
        ("text", pa.string()),
        ("event_count", pa.int64()),
        ("popularity", pa.float64()),
        ("decayed_popularity", pa.float64()),
    ]
)
_PARQUET_NAME, _DESCRIPTION_NAME = "catalogue.parquet", "catalogue.json"


def build_catalogue(counts: pa.Table, products: pa.Table | None, options: TaskExamplesOptions) -> pa.Table:
    """Chooses the products that a model learns, and gathers what serving shows of them.

    Holds the whole products table in memory, as every served model does.

    Args:
        counts: Columns product_id (binary), count_0, count_1, … (int64; events of each type before the test
            period) and weekly_decayed (float64; their weight, less by their age). One row for each product that has an
            event at any time.
        products: The products table with plain columns, or None where a shop has none; the catalogue is
            then the ids in events, and an id is its own title.
        options: Event weights, the least number of events, and which columns make up the text.

    Returns:
        A table with `CATALOGUE_SCHEMA`, in byte order of product ids; the row number is the product's index.
    """
    if products is None:
        products = pa.table({"product_id": counts["product_id"]})
    products = products.set_column(
        products.column_names.index("product_id"), "product_id", products["product_id"].cast(pa.binary())
    )
    place = pc.index_in(products["product_id"], value_set=counts["product_id"].combine_chunks())
    by_type = [pc.fill_null(counts[f"count_{n}"].take(place), 0).to_numpy() for n in range(len(options.event_types))]
    event_count = np.sum(by_type, axis=0, dtype=np.int64)
    popularity = np.sum([w * n for w, n in zip(options.event_types.values(), by_type, strict=True)], axis=0)
    products = products.append_column("event_count", pa.array(event_count))
    products = products.append_column("popularity", pa.array(popularity, pa.float64()))
    products = products.append_column("decayed_popularity", pc.fill_null(counts["weekly_decayed"].take(place), 0.0))
    products = products.filter(pa.array(event_count >= options.min_product_events))
    products = products.take(pc.sort_indices(products["product_id"]))
    fallback = products["product_id"] if "title" not in products.column_names else ""
    texts = product_texts(products, options.text_fields) if options.text_fields else [""] * len(products)
    columns: dict[str, Any] = {
        "product_id": products["product_id"],
        "title": _filled(products, "title", pa.string(), fallback),
        "category": _filled(products, "category", pa.string(), ""),
        "brand": _filled(products, "brand", pa.string(), ""),
        "price": _filled(products, "price", pa.float32(), float("nan")),
        "in_stock": _filled(products, "in_stock", pa.bool_(), True),
        "text": pa.array(texts, pa.string()),
        "event_count": products["event_count"],
        "popularity": products["popularity"],
        "decayed_popularity": products["decayed_popularity"],
    }
    return pa.table({name: columns[name].cast(CATALOGUE_SCHEMA.field(name).type) for name in CATALOGUE_SCHEMA.names})


def write_catalogue(uri: str, catalogue: pa.Table) -> None:
    """Writes `catalogue.parquet` under an artifact's uri."""
    sink = pa.BufferOutputStream()
    pq.write_table(catalogue, sink)
    with fileio.open(f"{uri}/{_PARQUET_NAME}", "wb") as file:
        file.write(sink.getvalue().to_pybytes())


def read_catalogue(uri: str) -> pa.Table:
    """Returns the catalogue table of an artifact; row number = product index, columns as `CATALOGUE_SCHEMA`."""
    with fileio.open(f"{uri}/{_PARQUET_NAME}", "rb") as file:
        return pq.read_table(pa.BufferReader(file.read()))


def write_description(uri: str, description: dict[str, Any]) -> None:
    """Writes `catalogue.json` under an artifact's uri."""
    with fileio.open(f"{uri}/{_DESCRIPTION_NAME}", "w") as file:
        file.write(json.dumps(description, indent=1))


def read_description(uri: str) -> dict[str, Any]:
    """Returns `catalogue.json` of an artifact: event types and weights, the split's moments, and counts."""
    with fileio.open(f"{uri}/{_DESCRIPTION_NAME}", "r") as file:
        description: dict[str, Any] = json.loads(file.read())
    return description


def _filled(table: pa.Table, name: str, dtype: pa.DataType, missing: Any) -> pa.ChunkedArray:
    """Returns a column of a table as `dtype`, with `missing` where it is null or where there is no such column."""
    column = table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table), dtype)])
    if not isinstance(missing, pa.ChunkedArray):
        return pc.fill_null(column.cast(dtype), pa.scalar(missing, dtype))
    return pc.if_else(column.is_valid(), column.cast(dtype), missing.cast(dtype))
