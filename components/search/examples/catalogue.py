"""The catalogue of search: every product, whether anybody has touched it or not."""

from collections.abc import Sequence

import pyarrow as pa

from components.products.catalogue import Popularity, build_catalogue
from trainer.artifacts.catalogue import CATALOGUE_SCHEMA
from trainer.options import TextField

PRODUCT_COLUMNS = (
    "product_id",
    "sku",
    "title",
    "category",
    "brand",
    "price",
    "rating",
    "in_stock",
    "description",
    "review_phrases",
    "image_embedding",
    "image",
)
_OWN_FIELDS = (
    pa.field("sku", pa.string()),
    pa.field("rating", pa.float32()),
    pa.field("image_embedding", pa.list_(pa.float32())),
)
SEARCH_CATALOGUE_SCHEMA = pa.schema([*CATALOGUE_SCHEMA, *_OWN_FIELDS])


def build_search_catalogue(
    products: pa.Table, text_fields: Sequence[TextField], kept_columns: Sequence[str] = ()
) -> pa.Table:
    """Returns all products in the form that recommendation's catalogue has, without any event counted.

    Args:
        products: The products table with plain columns.
        text_fields: Columns that make up the text.
        kept_columns: Columns that are kept as they are, beside those of `SEARCH_CATALOGUE_SCHEMA`.

    Returns:
        A table with `SEARCH_CATALOGUE_SCHEMA` and the kept columns, null where there is no value, in byte order of
        product ids.
    """
    kept = [*_OWN_FIELDS, *(pa.field(name, pa.string()) for name in kept_columns)]
    return build_catalogue(products, Popularity.none(len(products)), text_fields, kept)
