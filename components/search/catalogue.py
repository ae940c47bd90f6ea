"""The catalogue of search: every product, whether anybody has touched it or not."""

from collections.abc import Sequence

import pyarrow as pa

from components.catalogue import build_catalogue
from components.task_examples_options import TaskExamplesOptions
from trainer.options import TextField

PRODUCT_COLUMNS = ("product_id", "title", "category", "brand", "price", "rating", "in_stock", "description")


def build_search_catalogue(products: pa.Table, text_fields: Sequence[TextField]) -> pa.Table:
    """Returns all products in the form that recommendation's catalogue has, without any event counted.

    Args:
        products: The products table with plain columns.
        text_fields: Columns that make up the text.

    Returns:
        A table with `components.catalogue.CATALOGUE_SCHEMA`, in byte order of product ids.
    """
    options = TaskExamplesOptions(min_product_events=0, text_fields=tuple(text_fields))
    counts = {f"count_{number}": pa.array([], pa.int64()) for number in range(len(options.event_types))}
    no_events = pa.table(
        {"product_id": pa.array([], pa.binary()), **counts, "weekly_decayed": pa.array([], pa.float64())}
    )
    return build_catalogue(no_events, products, options)
