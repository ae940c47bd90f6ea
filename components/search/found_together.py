"""Which texts are in one basket, or were found by one query."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.tables.read_back import column_has_values, table_batches, table_rows
from trainer.clusters.learning.together import Occurrences
from trainer.search.queries import JudgedQueries

_MOST_EVENTS = 2_000_000
_RELEVANT_FROM = 0.5


def texts_in_baskets(
    event_paths: Sequence[str], product_ids: pa.ChunkedArray, text_of_product: npt.NDArray[np.integer]
) -> Occurrences:
    """Reads which texts are in which basket, or where events have no baskets, with which user.

    Of more than two million events a sample of whole baskets is taken, by a hash. One batch of events is in memory at a
    time, and of the rest two numbers an event; time grows in proportion to the events.

    Args:
        event_paths: Parquet files of events; none is no basket.
        product_ids: The catalogue's ids, `(products,)`.
        text_of_product: int `(products,)`.
    """
    if not event_paths:
        return _occurrences([], [])
    basket = "basket_id" if column_has_values(event_paths, "basket_id") else "user_id"
    one_in = -(-max(table_rows(event_paths), 1) // _MOST_EVENTS)
    baskets, texts = [], []
    for batch in table_batches(event_paths, [basket, "product_id"]):
        batch = batch.filter(batch[basket].is_valid())
        ids = _text(batch["product_id"])
        products = pc.fill_null(pc.index_in(ids, value_set=_text(product_ids.combine_chunks())), -1).to_numpy()
        hashes = pd.util.hash_array(_text(batch[basket]).to_numpy(zero_copy_only=False))
        kept = (products >= 0) & (hashes % one_in == 0)
        baskets.append(hashes[kept])
        texts.append(text_of_product[products[kept]].astype(np.int64))
    return _occurrences(baskets, texts)


def texts_of_queries(queries: JudgedQueries, text_of_product: npt.NDArray[np.integer]) -> Occurrences:
    """Returns which texts answer which query, of relevance 0.5 or more."""
    kept = queries.relevance >= _RELEVANT_FROM
    return Occurrences(queries.rows()[kept], text_of_product[queries.products[kept]].astype(np.int64))


def all_together(first: Occurrences, second: Occurrences) -> Occurrences:
    """Returns the baskets of both."""
    start = int(first.baskets.max()) + 1 if len(first.baskets) else 0
    return Occurrences(
        np.concatenate([first.baskets, start + second.baskets]), np.concatenate([first.texts, second.texts])
    )


def _occurrences(hashes: list[npt.NDArray[np.uint64]], texts: list[npt.NDArray[np.int64]]) -> Occurrences:
    codes = pd.factorize(np.concatenate([np.zeros(0, np.uint64), *hashes]))[0]
    return Occurrences(codes.astype(np.int64), np.concatenate([np.zeros(0, np.int64), *texts]))


def _text(values: pa.Array) -> pa.Array:
    """Returns ids as text; tables hold them as bytes."""
    return values.cast(pa.large_string())
