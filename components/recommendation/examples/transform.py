"""The Beam transform behind TaskExamples."""

from collections.abc import Mapping
from typing import NamedTuple

import apache_beam as beam

from components.events.buckets import HOURS, QUARANTINED, BucketEvents, BucketUsers, take_product_ids
from components.events.counts import SumCounters, SumCounts, write_counts
from components.events.moments import choose_moments
from components.recommendation.examples.options import TaskExamplesOptions
from components.recommendation.examples.steps import (
    COUNTS,
    EVENTS,
    USERS,
    ChooseCatalogue,
    CountProducts,
    MergeCounts,
    WriteExamples,
)
from components.tables.read_back import ReadTable, bucket_count, table_rows

_PRODUCT_COLUMNS = ("product_id", "title", "category", "brand", "price", "in_stock", "description")


class TablePaths(NamedTuple):
    """Parquet files of each table; a table that a shop lacks has none."""

    events: list[str]
    products: list[str]
    users: list[str]


class OutputUris(NamedTuple):
    """Folders to write into; examples have one a split."""

    examples: Mapping[str, str]
    catalogue: str
    quarantine: str


class MakeTaskExamples(beam.PTransform):
    """Reads tables, brings each user's events together, and writes examples, catalogue, quarantine and counts.

    Rows travel as Arrow IPC streams: the events of a bucket of users through one GroupByKey, the products
    table and the catalogue's ids as side inputs.

    Args:
        options: How events become examples.
        tables: What to read.
        uris: Where to write.
        time_column: The column that orders events, `timestamp` or `position`.
    """

    def __init__(self, options: TaskExamplesOptions, tables: TablePaths, uris: OutputUris, time_column: str) -> None:
        super().__init__()
        self._options, self._tables, self._uris, self._time_column = options, tables, uris, time_column

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        options, uris = self._options, self._uris
        buckets = bucket_count(table_rows(self._tables.events))
        products = product_ids = None
        if self._tables.products:
            batches = pipeline | "ReadProducts" >> ReadTable(self._tables.products, _PRODUCT_COLUMNS)
            products = beam.pvalue.AsIter(batches)
            product_ids = beam.pvalue.AsIter(batches | "TakeProductIds" >> beam.Map(take_product_ids))
        events = (
            pipeline
            | "ReadEvents" >> ReadTable(self._tables.events)
            | "BucketEvents"
            >> beam.ParDo(BucketEvents(options, self._time_column, buckets), product_ids).with_outputs(
                QUARANTINED, COUNTS, HOURS, main=EVENTS
            )
        )
        _ = events[QUARANTINED] | "WriteQuarantine" >> beam.io.WriteToText(
            f"{uris.quarantine}/quarantine", file_name_suffix=".jsonl"
        )
        moments = beam.pvalue.AsSingleton(
            events[HOURS]
            | "AddUpHours" >> beam.CombineGlobally(SumCounters())
            | "ChooseMoments" >> beam.Map(choose_moments, options)
        )
        tables = {EVENTS: events[EVENTS]}
        if self._tables.users:
            users = pipeline | "ReadUsers" >> ReadTable(self._tables.users)
            tables[USERS] = users | "BucketUsers" >> beam.ParDo(BucketUsers(buckets))
        together = tables | "BringUsersTogether" >> beam.CoGroupByKey()
        counted = together | "CountProducts" >> beam.ParDo(CountProducts(options), moments).with_outputs(
            COUNTS, main="products"
        )
        catalogue = (
            counted["products"]
            | "MergeCounts" >> beam.CombineGlobally(MergeCounts())
            | "ChooseCatalogue"
            >> beam.ParDo(ChooseCatalogue(options, uris.catalogue), products).with_outputs(COUNTS, main="ids")
        )
        writing = WriteExamples(
            options, uris.examples, buckets=buckets, has_timestamps=self._time_column == "timestamp"
        )
        written = together | "WriteExamples" >> beam.ParDo(writing, moments, beam.pvalue.AsSingleton(catalogue["ids"]))
        return (
            (events[COUNTS], counted[COUNTS], catalogue[COUNTS], written)
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(SumCounts())
            | "WriteCounts" >> beam.Map(write_counts, moments, uris.catalogue)
        )
