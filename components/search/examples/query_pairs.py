"""Beam steps from tables to pairs of a query and a product that answers it, in buckets of queries."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.search.examples.behaviour import event_weights
from components.search.examples.options import QueryOptions
from components.tables.quarantine import UNKNOWN_PRODUCT, UNKNOWN_PRODUCT_DETAIL, quarantine_line
from components.tables.read_back import from_bytes, to_bytes

QUARANTINED, COUNTS = "quarantined", "counts"
BLANK_QUERY = "blank_query"
# Where a pair comes from; the order is that of precedence, for a pair that comes from two.
JUDGED, SHOWN, SEEN, MADE = "judgements", "impressions", "events", "catalogue"
# What is said of a query that was made to train on, in place of the evaluation slice.
TRAINING = "training"

PAIRS_SCHEMA = pa.schema(
    [
        ("query", pa.string()),
        ("product_index", pa.int64()),
        ("relevance", pa.float32()),
        ("source", pa.string()),
        ("slice", pa.string()),
    ]
)


class PairJudgements(beam.DoFn):
    """Arrow IPC streams of judgements to (bucket, Arrow IPC stream of pairs); what names no product is quarantined.

    Side input:
        catalogue: Arrow IPC stream of the catalogue's product_id column; each worker holds it.
    """

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets

    def process(self, stream: bytes, catalogue: bytes) -> Iterator[Any]:
        """Handles one batch."""
        judgements = from_bytes(stream)
        index = product_index(judgements, catalogue)
        query = stripped(judgements["query"])
        blank = pc.equal(query, "").to_numpy(zero_copy_only=False)
        unknown = index.is_null().to_numpy(zero_copy_only=False) & ~blank
        for reason, detail, rows in (
            (BLANK_QUERY, "a query needs a character that can be seen", blank),
            (UNKNOWN_PRODUCT, UNKNOWN_PRODUCT_DETAIL, unknown),
        ):
            for row in judgements.filter(pa.array(rows)).to_pylist():
                line = quarantine_line("judgements", reason, detail, row, user_id_key=None)
                yield beam.pvalue.TaggedOutput(QUARANTINED, line)
        counts = {"judgements": len(judgements), BLANK_QUERY: blank.sum(), UNKNOWN_PRODUCT: unknown.sum()}
        yield beam.pvalue.TaggedOutput(COUNTS, Counter({name: int(count) for name, count in counts.items()}))
        good = pa.array(~(blank | unknown))
        yield from split_by_query(
            pairs_table(query.filter(good), index.filter(good), judgements["relevance"].filter(good), JUDGED),
            self._buckets,
        )


class PairEvents(beam.DoFn):
    """Arrow IPC streams of events to (bucket, Arrow IPC stream of pairs), of each event with a query one.

    Its relevance is what it weighs (`components.search.examples.behaviour.event_weights`). Events of products that the
    catalogue lacks are counted; the recommendation's examples quarantine them.

    Args:
        options: How events weigh.
        buckets: How many buckets of queries there are.

    Side input:
        catalogue: Arrow IPC stream of the catalogue's product_id column; each worker holds it.
    """

    def __init__(self, options: QueryOptions, buckets: int) -> None:
        self._options, self._buckets = options, buckets

    def process(self, stream: bytes, catalogue: bytes) -> Iterator[Any]:
        """Handles one batch."""
        events = from_bytes(stream)
        events = events.filter(events["query"].is_valid())
        query, index = stripped(events["query"]), product_index(events, catalogue)
        asked = pc.not_equal(query, "")
        good = pc.and_(asked, index.is_valid())
        missed = pc.and_(asked, index.is_null())
        counts = {
            "events_with_query": pc.sum(asked).as_py() or 0,
            "unknown_product_events": pc.sum(missed).as_py() or 0,
        }
        yield beam.pvalue.TaggedOutput(COUNTS, Counter(counts))
        weights = event_weights(events, self._options.event_types, self._options.satisfied_seconds)
        good = pc.and_(good, pa.array(weights > 0.0))
        yield from split_by_query(
            pairs_table(query.filter(good), index.filter(good), pa.array(weights).filter(good), SEEN), self._buckets
        )


def split_by_query(pairs: pa.Table, buckets: int) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, Arrow IPC stream of the pairs of the queries in it) for each bucket that has any."""
    if not len(pairs):
        return
    encoded = pairs["query"].combine_chunks().dictionary_encode()
    bucket_of_query = np.array([query_hash(query) % buckets for query in encoded.dictionary.to_pylist()], np.int64)
    bucket = bucket_of_query[encoded.indices.to_numpy()]
    for number in np.unique(bucket).tolist():
        yield number, to_bytes(pairs.filter(pa.array(bucket == number)).combine_chunks())


def query_hash(query: str) -> int:
    """Returns the first 63 bits of sha256 of a query, the same for other capitals and white space."""
    return int.from_bytes(hashlib.sha256(" ".join(query.lower().split()).encode()).digest()[:8], "big") >> 1


def pairs_table(query: Any, index: Any, relevance: Any, source: str, slices: Any = None) -> pa.Table:
    """Returns pairs with `PAIRS_SCHEMA`.

    Args:
        query: string `(pairs,)`.
        index: int64 `(pairs,)`, the product.
        relevance: float32 `(pairs,)`.
        source: Where all of them come from.
        slices: string `(pairs,)`; `asked` for all where there are none.
    """
    rows = len(query)
    columns = {
        "query": query,
        "product_index": index,
        "relevance": relevance,
        "source": pa.array([source] * rows, pa.string()),
        "slice": slices if slices is not None else pa.array(["asked"] * rows, pa.string()),
    }
    return pa.table(columns).cast(PAIRS_SCHEMA)


def product_index(table: pa.Table, catalogue: bytes) -> pa.Array:
    """Returns the row of the catalogue of each product_id of a table, null for one that it lacks."""
    ids = from_bytes(catalogue)["product_id"].combine_chunks().cast(pa.binary())
    index = pc.index_in(table["product_id"].cast(pa.binary()), value_set=ids)
    return index.combine_chunks() if isinstance(index, pa.ChunkedArray) else index


def stripped(column: pa.ChunkedArray) -> pa.Array:
    """Returns texts with single spaces between words; what is not UTF-8 or cannot be seen is a space too."""
    texts = (value.decode("utf-8", "replace") for value in column.to_pylist())
    visible = ("".join(char if char.isprintable() else " " for char in text) for text in texts)
    return pa.array([" ".join(text.split()) for text in visible], pa.string())


def batched(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Cuts a sequence into slices of a size."""
    return (items[start : start + size] for start in range(0, len(items), size))
