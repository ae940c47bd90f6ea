"""What the model support knows of the products table: texts of their own, categories, and titles to make wishes of."""

import hashlib
from collections.abc import Sequence

import pyarrow as pa

from components.products.catalogue import by_product_id, filled
from components.tables.read_back import table_batches, table_columns
from trainer.options import TextField
from trainer.text.product_texts import product_texts


def answered_products(files: Sequence[str], text_fields: Sequence[TextField]) -> pa.Table | None:
    """Returns product_id, category and text of each product, in byte order of ids; None without a table.

    Args:
        files: Files of the products table; none where there is no such table.
        text_fields: Columns that make up a product's own text.
    """
    rows = _read(files, ("product_id", "category", *text_fields))
    if rows is None:
        return None
    rows = by_product_id(rows)
    texts = product_texts(rows, text_fields) if text_fields else [""] * len(rows)
    return pa.table(
        {
            "product_id": rows["product_id"].cast(pa.string()),
            "category": filled(rows, "category", pa.string(), ""),
            "text": pa.array(texts, pa.string()),
        }
    )


def wish_titles(files: Sequence[str], most: int) -> list[str]:
    """Returns some distinct titles, drawn by their hash."""
    rows = _read(files, ("title",))
    if rows is None:
        return []
    titles = {title for title in rows["title"].cast(pa.string()).to_pylist() if title}
    return sorted(titles, key=lambda title: hashlib.sha256(title.encode("utf-8", "surrogateescape")).digest())[:most]


def _read(files: Sequence[str], columns: Sequence[str]) -> pa.Table | None:
    there = [name for name in dict.fromkeys(columns) if name in table_columns(files)]
    if not there:
        return None
    batches = list(table_batches(files, there))
    return pa.Table.from_batches(batches) if batches else None
