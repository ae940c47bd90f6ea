"""Products with what reviews say of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.products.reviews.phrases import Phrase, words_of, written
from components.products.reviews.telling import TellingPhrases
from components.tables.read_back import from_bytes
from components.tables.reading.plain_columns import plain_columns
from components.tables.user_buckets import split_by_bucket, user_bucket

REVIEW_COLUMNS = ("product_id", "text", "rating")
PHRASES_COLUMN, BETWEEN_PHRASES = "review_phrases", ", "
# Telling phrases of a product for each that is wanted, as some may stand in its title.
_SPARE = 4


class Said(NamedTuple):
    """What reviews say of one product.

    Attributes:
        phrases: The most telling ones, the strongest first.
        rating: The mean of its ratings; None where no review has one.
    """

    phrases: Sequence[Phrase]
    rating: float | None


class JoinReviews(beam.PTransform):
    """Arrow IPC streams of products and of reviews to record batches of products, in the form of a table artifact.

    A product without phrases gets the most telling ones of its reviews, but for those whose words its title has, and
    one without `rating` the mean of theirs. Products are cut by a hash of their id into buckets; a worker holds one
    bucket.

    Args:
        phrases: Phrases of a product at the most.
        schema: The table artifact's Arrow schema.
        buckets: How many buckets there are.
    """

    def __init__(self, phrases: int, schema: pa.Schema, buckets: int) -> None:
        super().__init__()
        self._phrases, self._schema, self._buckets = phrases, schema, buckets

    def expand(self, tables: Mapping[str, beam.PCollection[bytes]]) -> beam.PCollection[pa.RecordBatch]:
        """Adds the joining to a pipeline; `tables` are `products` and `reviews`."""
        reviews = tables["reviews"] | "SplitReviews" >> beam.FlatMap(_rows)
        texts = reviews | "TakeTexts" >> beam.Map(lambda row: (row["product_id"], row["text"]))
        ratings = (
            reviews
            | "KeepRated" >> beam.Filter(lambda row: row["rating"] is not None)
            | "TakeRatings" >> beam.Map(lambda row: (row["product_id"], row["rating"]))
            | "MeanRating" >> beam.combiners.Mean.PerKey()
        )
        said = (
            {"phrases": texts | "FindTelling" >> TellingPhrases(_SPARE * self._phrases), "rating": ratings}
            | "JoinSaid" >> beam.CoGroupByKey()
            | "SaidByBucket" >> beam.Map(_in_bucket, self._buckets)
        )
        products = tables["products"] | "SplitProducts" >> beam.FlatMap(_by_bucket, self._buckets)
        return (
            {"products": products, "said": said}
            | "JoinProducts" >> beam.CoGroupByKey()
            | "FillColumns" >> beam.FlatMap(_filled, self._phrases, self._schema)
        )


def with_known_reviews(products: pa.Table, reviewed: pa.Table) -> pa.Table:
    """Returns products of plain columns with the reviews and ratings that a table artifact of them has where they lack.

    Args:
        products: A new products table.
        reviewed: The columns of an output of ProductReviews; products that it lacks stay as they are.
    """
    (batch,) = reviewed.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], reviewed.schema)]
    known = pa.table(plain_columns(batch.select(["product_id", PHRASES_COLUMN, "rating"])))
    ids = products["product_id"].combine_chunks()
    place = pc.index_in(ids, known["product_id"].combine_chunks().cast(ids.type))
    for name in (PHRASES_COLUMN, "rating"):
        column = products[name].combine_chunks()
        filled = pc.coalesce(column, known[name].combine_chunks().take(place).cast(column.type))
        products = products.set_column(products.column_names.index(name), name, filled)
    return products


def _rows(stream: bytes) -> Iterator[dict[str, Any]]:
    table = from_bytes(stream)
    for row in table.filter(pc.is_valid(table["product_id"])).to_pylist():
        yield {**row, "text": row["text"].decode("utf-8", "replace"), "rating": row.get("rating")}


def _by_bucket(stream: bytes, buckets: int) -> Iterator[tuple[int, bytes]]:
    table = from_bytes(stream)
    numbers = np.array([user_bucket(each, buckets) for each in table["product_id"].to_pylist()], np.int64)
    return split_by_bucket(table, numbers)


def _in_bucket(element: tuple[bytes, Mapping[str, Iterable[Any]]], buckets: int) -> tuple[int, tuple[bytes, Said]]:
    product, sides = element
    phrases, ratings = list(sides["phrases"]), list(sides["rating"])
    said = Said(phrases[0] if phrases else (), ratings[0] if ratings else None)
    return user_bucket(product, buckets), (product, said)


def _filled(
    element: tuple[int, Mapping[str, Iterable[Any]]], phrases: int, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    _, sides = element
    said: dict[bytes, Said] = dict(sides["said"])
    for stream in sides["products"]:
        table = from_bytes(stream)
        found = [said.get(product, Said((), None)) for product in table["product_id"].to_pylist()]
        texts = [
            _told(each.phrases, title, phrases) for each, title in zip(found, table["title"].to_pylist(), strict=True)
        ]
        made: dict[str, Sequence[Any]] = {PHRASES_COLUMN: texts, "rating": [each.rating for each in found]}
        columns = [_column(table, name, made.get(name), schema.field(name).type) for name in schema.names]
        yield from pa.table(columns, schema=schema).combine_chunks().to_batches()


def _told(phrases: Sequence[Phrase], title: bytes, wanted: int) -> bytes | None:
    known = words_of(title.decode("utf-8", "replace"))
    new = [written(phrase) for phrase in phrases if not known.issuperset(phrase)]
    return BETWEEN_PHRASES.join(new[:wanted]).encode() or None


def _column(table: pa.Table, name: str, made: Sequence[Any] | None, dtype: pa.DataType) -> pa.Array:
    """Returns a column in the form of the artifact, a list of one value each, filled where it is null."""
    values = table[name].combine_chunks()
    if made is None and pa.types.is_nested(values.type):
        return values
    values = values.cast(dtype.value_type)
    if made is not None:
        values = pc.coalesce(values, pa.array(made, dtype.value_type))
    there = pc.is_valid(values)
    offsets = np.concatenate([[0], np.cumsum(there.to_numpy(zero_copy_only=False))])
    kind = pa.LargeListArray if pa.types.is_large_list(dtype) else pa.ListArray
    index_type = pa.int64() if kind is pa.LargeListArray else pa.int32()
    return kind.from_arrays(pa.array(offsets, index_type), values.drop_null(), mask=pc.invert(there))
