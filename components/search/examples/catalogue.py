"""The catalogue of search: every product, whether anybody has touched it or not."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from components.products.catalogue import build_catalogue
from components.recommendation.examples.options import TaskExamplesOptions
from trainer.options import TextField

PRODUCT_COLUMNS = (
    "product_id",
    "title",
    "category",
    "brand",
    "price",
    "rating",
    "in_stock",
    "description",
    "image_embedding",
)
_RATING, _IMAGE = pa.field("rating", pa.float32()), pa.field("image_embedding", pa.list_(pa.float32()))


def build_search_catalogue(products: pa.Table, text_fields: Sequence[TextField]) -> pa.Table:
    """Returns all products in the form that recommendation's catalogue has, without any event counted.

    Args:
        products: The products table with plain columns.
        text_fields: Columns that make up the text.

    Returns:
        A table with `components.products.catalogue.CATALOGUE_SCHEMA`, rating and image_embedding (null where there is
        none), in byte order of product ids.
    """
    options = TaskExamplesOptions(min_product_events=0, text_fields=tuple(text_fields))
    counts = {f"count_{number}": pa.array([], pa.int64()) for number in range(len(options.event_types))}
    no_events = pa.table(
        {"product_id": pa.array([], pa.binary()), **counts, "weekly_decayed": pa.array([], pa.float64())}
    )
    catalogue = build_catalogue(no_events, products, options)
    place = pc.index_in(
        catalogue["product_id"].cast(pa.binary()), value_set=products["product_id"].combine_chunks().cast(pa.binary())
    )
    for field in (_RATING, _IMAGE):
        missing = pa.nulls(len(catalogue), field.type)
        values = products[field.name].take(place).cast(field.type) if field.name in products.column_names else missing
        catalogue = catalogue.append_column(field, values)
    return catalogue
