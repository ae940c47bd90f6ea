"""What an artifact of response examples says of the things that may be shown."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from serving.response.items import ResponseItems
from serving.response.words import ItemWords
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import CATALOGUE_FACTS_FILE
from trainer.artifacts.parquet_files import write_parquet
from trainer.exporting import byte_strings

ITEMS_FILE, PRODUCTS_FILE, PAIRS_FILE, COUNTS_FILE, WORDS_FILE = (
    f"{name}.parquet" for name in ("items", "item_products", "pairs", "item_counts", "item_words")
)
COUNTS_SCHEMA = pa.schema([("item", pa.int64()), ("shown", pa.float32()), ("outcomes", pa.list_(pa.float32()))])


class ItemTotals(NamedTuple):
    """What came of each item in all impressions.

    Attributes:
        shown: float32 `(items,)`.
        outcomes: float32 `(items, outcomes)`.
    """

    shown: npt.NDArray[np.float32]
    outcomes: npt.NDArray[np.float32]


def write_items(uri: str, items: ResponseItems, facts: dict[str, Any]) -> None:
    """Writes items and what else is known before the impressions are read; `load_items` reads them back."""
    table = pa.table(
        {
            "item_id": pa.array(items.item_ids, pa.binary()),
            "text": pa.array(items.texts, pa.binary()),
            "numbers": _rows(items.numbers),
            "categories": pa.array(items.categories.tolist(), pa.list_(pa.binary())),
            "vector": _rows(items.vectors),
            "text_vector": _rows(items.text_vectors),
            "start": pa.array(items.starts),
            "end": pa.array(items.ends),
        }
    )
    products = pa.table(
        {"product_id": pa.array(items.product_ids, pa.binary()), "vector": _rows(items.product_vectors)}
    )
    pairs = pa.table({"item": pa.array(items.item_of_pair), "product": pa.array(items.product_of_pair)})
    for name, each in ((ITEMS_FILE, table), (PRODUCTS_FILE, products), (PAIRS_FILE, pairs)):
        write_parquet(os.path.join(uri, name), each)
    names = {"number_names": items.number_names, "category_names": items.category_names}
    write_json(os.path.join(uri, CATALOGUE_FACTS_FILE), {**facts, **names})


def load_items(uri: str) -> ResponseItems:
    """Reads the items of a Catalogue artifact of response examples."""
    facts = load_item_facts(uri)
    table, products, pairs = (_read(uri, name) for name in (ITEMS_FILE, PRODUCTS_FILE, PAIRS_FILE))
    categories = np.array(table["categories"].to_pylist(), object).reshape(len(table), len(facts["category_names"]))
    return ResponseItems(
        item_ids=byte_strings(table["item_id"]),
        texts=byte_strings(table["text"]),
        numbers=_matrix(table["numbers"]),
        number_names=tuple(facts["number_names"]),
        categories=categories,
        category_names=tuple(facts["category_names"]),
        vectors=_matrix(table["vector"]),
        text_vectors=_matrix(table["text_vector"]),
        starts=table["start"].to_numpy(),
        ends=table["end"].to_numpy(),
        product_ids=byte_strings(products["product_id"]),
        product_vectors=_matrix(products["vector"]),
        item_of_pair=pairs["item"].to_numpy(),
        product_of_pair=pairs["product"].to_numpy(),
    )


def write_item_words(uri: str, words: ItemWords) -> None:
    """Writes the words of the items; `load_item_words` reads them back."""
    count, most, width = words.vectors.shape
    vectors = _rows(words.vectors.reshape(count, most * width))
    table = pa.table({"words": pa.array(words.words.tolist(), pa.list_(pa.binary())), "vectors": vectors})
    write_parquet(os.path.join(uri, WORDS_FILE), table)


def load_item_words(uri: str) -> ItemWords:
    """Reads the words of the items of a Catalogue artifact of response examples."""
    table = _read(uri, WORDS_FILE)
    lists = table["words"].to_pylist()
    most = len(lists[0]) if lists else 0
    words: npt.NDArray[np.object_] = np.array(lists, object).reshape(len(table), most)
    flat = _matrix(table["vectors"])
    return ItemWords(words, flat.reshape(len(table), most, flat.shape[1] // max(most, 1)))


def load_item_facts(uri: str) -> dict[str, Any]:
    """Reads what else the artifact says: outcomes, event types, names of features and of what a request tells."""
    facts: dict[str, Any] = read_json(os.path.join(uri, CATALOGUE_FACTS_FILE))
    return facts


def load_item_totals(uri: str, items: int, outcomes: int) -> ItemTotals:
    """Reads what came of each item; nothing for one that was never shown."""
    table = _read(uri, COUNTS_FILE)
    totals = ItemTotals(np.zeros(items, np.float32), np.zeros((items, outcomes), np.float32))
    places = table["item"].to_numpy()
    totals.shown[places] = table["shown"].to_numpy()
    if len(table):
        totals.outcomes[places] = _matrix(table["outcomes"])
    return totals


def _read(uri: str, name: str) -> pa.Table:
    with tf.io.gfile.GFile(os.path.join(uri, name), "rb") as file:
        return pq.read_table(pa.BufferReader(file.read()))


def _rows(values: npt.NDArray[np.float32]) -> pa.ListArray:
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(values).ravel(), pa.float32()))


def _matrix(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    flat: Sequence[Any] = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(len(column), len(flat) // max(len(column), 1))
