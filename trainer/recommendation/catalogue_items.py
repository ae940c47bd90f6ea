"""Joins what is known of the catalogue's products into the features that the item tower reads."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.artifacts.catalogue import distinct_texts, load_catalogue
from trainer.artifacts.names import TABLE_SPLIT
from trainer.artifacts.parquet_files import read_parquet
from trainer.recommendation.ranker.ranked_products import load_totals
from trainer.recommendation.towers.item_features import POPULARITY, ItemFeatures
from trainer.text.backbone import TextEncoder, encode_texts
from trainer.text.product_texts import INDEX_SUFFIX, NUMBER_SUFFIX, PRODUCT_ID
from trainer.text.text_vectors import load_text_vectors


def load_items(
    catalogue_uri: str,
    transformed_products_uri: str | None = None,
    text_vectors_uri: str | None = None,
    text_encoder: TextEncoder | None = None,
    batch_size: int = 64,
) -> ItemFeatures:
    """Reads every product's features, in the order of the catalogue.

    Args:
        catalogue_uri: The Catalogue artifact.
        transformed_products_uri: Transform's Examples of the products table; None where there is no such table.
        text_vectors_uri: The TextVectors artifact; None where texts are off.
        text_encoder: A trained encoder: texts are then encoded by it, and `text_vectors_uri` is not read.
        batch_size: Texts encoded at once by `text_encoder`.

    Returns:
        The features. A product that Transform's table lacks gets numbers 0 and categories 0, which mean unknown.

    Raises:
        ValueError: An artifact is empty, or a product's text has no vector.
    """
    catalogue = load_catalogue(catalogue_uri)
    product_ids = [_as_bytes(value) for value in catalogue.column("product_id").to_pylist()]
    number_names, numbers, categories = _load_transformed(transformed_products_uri, product_ids)
    popularity = standardised_log(load_totals(catalogue_uri))
    texts: list[str] = catalogue.column("text").to_pylist()
    text_vectors = None
    if text_encoder is not None:
        rows, distinct = distinct_texts(texts)
        text_vectors = encode_texts(text_encoder, distinct, batch_size)[rows]
    elif text_vectors_uri is not None:
        text_vectors = load_text_vectors(text_vectors_uri, texts)
    return ItemFeatures(
        product_index=np.arange(len(product_ids), dtype=np.int32),
        number_names=(*number_names, POPULARITY),
        numbers=np.column_stack([numbers, popularity]).astype(np.float32),
        categories=categories,
        text_vectors=text_vectors,
    )


def standardised_log(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Returns log1p of counts with mean 0 and deviation 1 (all 0 where they are equal)."""
    logs = np.log1p(np.maximum(counts.astype(np.float64), 0.0))
    deviation = logs.std()
    centred = logs - logs.mean()
    return (centred / deviation if deviation > 0.0 else centred).astype(np.float32)


def _load_transformed(
    uri: str | None, product_ids: Sequence[bytes]
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Reads Transform's numbers with their names, and its category indices, in catalogue order."""
    if uri is None:
        return [], np.zeros((len(product_ids), 0), np.float32), np.zeros((len(product_ids), 0), np.int32)
    table = read_parquet(os.path.join(uri, f"Split-{TABLE_SPLIT}", "*.parquet"))
    index = {product_id: row for row, product_id in enumerate(product_ids)}
    rows = np.array([index.get(product_id, -1) for product_id in _values(table, PRODUCT_ID).to_pylist()], np.int64)

    def named(suffix: str) -> list[str]:
        return sorted(name for name in table.column_names if name.endswith(suffix))

    def gather(names: list[str], dtype: type) -> npt.NDArray[Any]:
        gathered: npt.NDArray[Any] = np.zeros((len(product_ids), len(names)), dtype)
        for column, name in enumerate(names):
            gathered[rows[rows >= 0], column] = _values(table, name).to_numpy()[rows >= 0]
        return gathered

    numbers = named(NUMBER_SUFFIX)
    return numbers, gather(numbers, np.float32), gather(named(INDEX_SUFFIX), np.int32)


def _values(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Returns a column of one-element lists as plain values."""
    return pc.list_element(table.column(name), 0)


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else value
