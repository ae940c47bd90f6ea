"""Reading a Catalogue artifact: the products of a task's models, and the facts that were found of them.

Every catalogue has one row a product, in byte order of product ids, and a row's number is its product's index. Those
of search and recommendation have the columns of `CATALOGUE_SCHEMA`; a task may have others, which it declares where it
makes them.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import CATALOGUE_FACTS_FILE, CATALOGUE_FILE
from trainer.artifacts.parquet_files import read_parquet

CATALOGUE_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("price", pa.float32()),
        ("in_stock", pa.bool_()),
        ("recommendable", pa.bool_()),
        ("text", pa.string()),
        ("image", pa.string()),
        ("event_count", pa.int64()),
        ("popularity", pa.float64()),
        ("decayed_popularity", pa.float64()),
    ]
)


def load_catalogue(catalogue_uri: str, columns: list[str] | None = None) -> pa.Table:
    """Reads the catalogue's table, all columns or some; a row's number is its product's index."""
    return read_parquet(os.path.join(catalogue_uri, CATALOGUE_FILE), columns)


def load_catalogue_facts(catalogue_uri: str) -> dict[str, Any]:
    """Reads catalogue.json: event types, split times and counts, of those that the task knows."""
    facts: dict[str, Any] = read_json(os.path.join(catalogue_uri, CATALOGUE_FACTS_FILE))
    return facts


def distinct_texts(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Returns each text's row among the distinct texts, and those in order of first appearance."""
    places: dict[str, int] = {}
    rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int32, len(texts))
    return rows, list(places)
