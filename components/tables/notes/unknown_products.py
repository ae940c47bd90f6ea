"""Ids of products that another table names and the products table lacks."""

from collections.abc import Sequence

from components.tables.notes.example_ids import example_ids, shown_ids
from components.tables.quarantine import UNKNOWN_PRODUCT, refused_rows


def describe_unknown_products(quarantine_uri: str, product_paths: Sequence[str]) -> str:
    """Names a few of them, beside a few ids of the products table.

    Args:
        quarantine_uri: The folder of a quarantine with rows of unknown products.
        product_paths: Parquet files of the products table.

    Returns:
        Such as "Unknown are `1`, `2`, `3`; table `products` has `P-1`, `P-2`, `P-3`."
    """
    unknown = shown_ids(str(row.get("product_id")) for row in refused_rows(quarantine_uri, UNKNOWN_PRODUCT))
    return f"Unknown are {unknown}; table `products` has {example_ids(product_paths, 'product_id')}."
