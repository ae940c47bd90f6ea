"""The things that may be shown, out of the tables of offers and products."""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.response.examples.options import ResponseExamplesOptions
from components.response.texts.own_texts import VectorTurn, no_words, with_own_texts
from components.tables.read_back import table_batches, table_columns
from serving.graph.time_units import DAY_SECONDS
from serving.response.items import ResponseItems
from serving.response.words import ItemWords
from trainer.exporting import byte_strings
from trainer.text.product_texts import product_texts
from trainer.text.text_vectors import load_text_vectors

_LATEST = np.iinfo(np.int64).max
OFFER_ID, PRODUCT_ID = "offer_id", "product_id"

FloatArray = npt.NDArray[np.float32]


def make_items(
    offers: Sequence[str],
    products: Sequence[str],
    impressions: Sequence[str],
    vectors_uri: str | None,
    options: ResponseExamplesOptions,
    offer_vectors_uri: str | None = None,
) -> tuple[ResponseItems, ItemWords]:
    """Returns what may be shown: the offers, else the products, else the product ids that impressions have.

    Holds the offers and the products in memory. Words are those of offers; of products there are none.

    Args:
        offers: Files of the table of offers; none where there is no such table.
        products: Files of the table of products.
        impressions: Files of the table of impressions.
        vectors_uri: Vectors of the products' texts; None for none.
        options: Names the columns.
        offer_vectors_uri: Vectors of the offers' texts, whole and without each word; None for none.
    """
    shelf = _read(products, (PRODUCT_ID, "price", "rating", "title", *options.text_fields), PRODUCT_ID)
    if shelf is None and not offers:
        shelf = _shown_products(impressions)
    product_ids = byte_strings(shelf[PRODUCT_ID]) if shelf is not None else []
    turn, vectors = None, np.zeros((len(product_ids), 0), np.float32)
    if shelf is not None and vectors_uri is not None and options.vector_width and options.text_fields:
        found = load_text_vectors(vectors_uri, product_texts(shelf, options.text_fields))
        turn = VectorTurn.learned(found, options.vector_width)
        vectors = turn.turned(found)
    if offers:
        made = _offers(offers, product_ids, vectors, _floats(shelf, "price"), options)
        return with_own_texts(
            made, offer_vectors_uri, turn, width=options.vector_width, explained_words=options.explained_words
        )
    if shelf is None:
        raise ValueError("There is a table of products, or one of impressions.")
    count = len(product_ids)
    titles = shelf["title"] if "title" in shelf.column_names else shelf[PRODUCT_ID]
    own = np.arange(count)
    items = ResponseItems(
        item_ids=product_ids,
        texts=byte_strings(titles),
        numbers=np.stack([_floats(shelf, "price"), _floats(shelf, "rating")], axis=1),
        number_names=("price", "rating"),
        categories=np.zeros((count, 0), object),
        category_names=(),
        vectors=vectors,
        text_vectors=np.zeros((count, 0), np.float32),
        starts=np.zeros(count, np.int64),
        ends=np.full(count, _LATEST),
        product_ids=product_ids,
        product_vectors=vectors,
        item_of_pair=own,
        product_of_pair=own,
    )
    return items, no_words(count)


def products_of(text: bytes | None) -> list[str]:
    """Returns the product ids that a value of the column `products` of offers names: a list as JSON, or `a|b|c`."""
    if not text:
        return []
    value = text.decode("utf-8", "surrogateescape").strip()
    if value.startswith("["):
        try:
            return [str(each) for each in json.loads(value)]
        except ValueError:
            pass
    return [each for each in value.split("|") if each]


def _offers(
    files: Sequence[str],
    product_ids: list[bytes],
    product_vectors: FloatArray,
    prices: FloatArray,
    options: ResponseExamplesOptions,
) -> ResponseItems:
    columns = (OFFER_ID, "text", "products", "discount", "start", "end")
    table = _read(files, (*columns, *options.offer_numbers, *options.offer_categories), OFFER_ID)
    if table is None:
        raise ValueError("The table of offers has files.")
    place = {product: index for index, product in enumerate(product_ids)}
    lists = table["products"].to_pylist() if "products" in table.column_names else [None] * len(table)
    own = [
        np.unique(
            [place[key] for each in products_of(text) if (key := each.encode("utf-8", "surrogateescape")) in place]
        )
        for text in lists
    ]
    own = [each.astype(np.int64) for each in own]
    starts, ends = _moments(table, "start", 0), _moments(table, "end", _LATEST)
    days = np.where((starts > 0) & (ends < _LATEST), (ends - starts) / DAY_SECONDS, np.nan)
    width = product_vectors.shape[1]
    vectors = [product_vectors[each].mean(axis=0) if len(each) else np.zeros(width) for each in own]
    mean_prices = [_mean(prices[each]) for each in own]
    numbers = [_floats(table, "discount"), days, [len(each) for each in own], mean_prices]
    numbers += [_floats(table, name) for name in options.offer_numbers]
    categories = [byte_strings(table[name]) for name in options.offer_categories]
    return ResponseItems(
        item_ids=byte_strings(table[OFFER_ID]),
        texts=byte_strings(table["text"]),
        numbers=np.stack([np.asarray(each, np.float32) for each in numbers], axis=1),
        number_names=("discount", "offer_days", "offer_products", "price", *options.offer_numbers),
        categories=np.array(categories, object).T.reshape(len(table), len(categories)),
        category_names=options.offer_categories,
        vectors=np.array(vectors, np.float32).reshape(len(table), width),
        text_vectors=np.zeros((len(table), 0), np.float32),
        starts=starts,
        ends=ends,
        product_ids=product_ids,
        product_vectors=product_vectors,
        item_of_pair=np.repeat(np.arange(len(own)), [len(each) for each in own]),
        product_of_pair=np.concatenate([np.zeros(0, np.int64), *own]),
    )


def _read(files: Sequence[str], columns: Sequence[str], key: str) -> pa.Table | None:
    """Returns columns of a table in byte order of a key; None where there is no file."""
    if not files:
        return None
    wanted = [name for name in dict.fromkeys(columns) if name in table_columns(files)]
    table = pa.Table.from_batches(list(table_batches(files, wanted))).combine_chunks()
    return table.take(pc.sort_indices(table[key].cast(pa.binary())))


def _shown_products(impressions: Sequence[str]) -> pa.Table:
    found = pa.array([], pa.binary())
    for batch in table_batches(impressions, [PRODUCT_ID]):
        found = pc.unique(pa.concat_arrays([found, pc.unique(batch.column(0)).drop_null().cast(pa.binary())]))
    return pa.table({PRODUCT_ID: found.take(pc.sort_indices(found))})


def _floats(table: pa.Table | None, name: str) -> FloatArray:
    if table is None:
        return np.zeros(0, np.float32)
    if name not in table.column_names:
        return np.full(len(table), np.nan, np.float32)
    return np.asarray(table[name].cast(pa.float32()).fill_null(float("nan")).to_numpy(), np.float32)


def _moments(table: pa.Table, name: str, missing: int) -> npt.NDArray[np.int64]:
    if name not in table.column_names:
        return np.full(len(table), missing, np.int64)
    return np.asarray(table[name].cast(pa.int64()).fill_null(missing).to_numpy(), np.int64)


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
