"""The Beam transform behind SegmentationExamples."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import apache_beam as beam
from tfx.utils import io_utils

from components.events.buckets import HOURS, QUARANTINED, BucketEvents, BucketUsers, take_product_ids
from components.events.counts import SumCounters, SumCounts, write_counts
from components.events.moments import SplitMoments
from components.recommendation.examples.options import TaskExamplesOptions
from components.recommendation.examples.steps import COUNTS, EVENTS, USERS, MergeCounts
from components.recommendation.examples.transform import TablePaths
from components.segmentation.examples.moments import SegmentMoments, choose_moments, tier_cuts
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.steps import (
    SEGMENTS,
    SPENDS,
    SUMS,
    DescribeProducts,
    Segments,
    SumUp,
    WriteSegmentExamples,
)
from components.tables.read_back import ReadTable, bucket_count, table_rows

EXAMPLE_COUNTS_FILE = "example_counts.json"
_PRODUCT_COLUMNS = ("product_id", "title", "category", "price")
_AMOUNTS = ("quantity", "price")


class SegmentUris(NamedTuple):
    """Folders to write into; examples have one a split."""

    examples: Mapping[str, str]
    catalogue: str
    labels: str
    quarantine: str


class MakeSegmentExamples(beam.PTransform):
    """Reads tables, brings each user's events together, and writes examples, products, quarantine and counts.

    Args:
        options: What a segment is, and what a history holds.
        tables: What to read.
        uris: Where to write.
        given: Whether the users table gives the segments.
    """

    def __init__(
        self, options: SegmentationExamplesOptions, tables: TablePaths, uris: SegmentUris, *, given: bool
    ) -> None:
        super().__init__()
        self._options, self._tables, self._uris, self._given = options, tables, uris, given

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        options, uris = self._options, self._uris
        buckets = bucket_count(table_rows(self._tables.events))
        products = product_ids = None
        if self._tables.products:
            batches = pipeline | "ReadProducts" >> ReadTable(self._tables.products, _PRODUCT_COLUMNS)
            products = beam.pvalue.AsIter(batches)
            product_ids = beam.pvalue.AsIter(batches | "TakeProductIds" >> beam.Map(take_product_ids))
        bucket_events = BucketEvents(event_options(options), "timestamp", buckets, _AMOUNTS)
        events = (
            pipeline
            | "ReadEvents" >> ReadTable(self._tables.events)
            | "BucketEvents"
            >> beam.ParDo(bucket_events, product_ids).with_outputs(QUARANTINED, COUNTS, HOURS, main=EVENTS)
        )
        _ = events[QUARANTINED] | "WriteQuarantine" >> beam.io.WriteToText(
            f"{uris.quarantine}/quarantine", file_name_suffix=".jsonl"
        )
        moments = beam.pvalue.AsSingleton(
            events[HOURS]
            | "AddUpHours" >> beam.CombineGlobally(SumCounters())
            | "ChooseMoments" >> beam.Map(choose_moments, options.segments, given=self._given)
        )
        tables = {EVENTS: events[EVENTS]}
        if self._tables.users:
            users = pipeline | "ReadUsers" >> ReadTable(self._tables.users)
            tables[USERS] = users | "BucketUsers" >> beam.ParDo(BucketUsers(buckets))
        together = tables | "BringUsersTogether" >> beam.CoGroupByKey()
        sums = together | "SumUp" >> beam.ParDo(SumUp(options, given=self._given), moments).with_outputs(
            SPENDS, SEGMENTS, main=SUMS
        )
        described = (
            sums[SUMS]
            | "MergeSums" >> beam.CombineGlobally(MergeCounts())
            | "DescribeProducts" >> beam.ParDo(DescribeProducts(options, uris.catalogue), products)
        )
        spends = sums[SPENDS] | "AddUpSpends" >> beam.CombineGlobally(SumCounters())
        names = sums[SEGMENTS] | "AddUpSegments" >> beam.CombineGlobally(SumCounters())
        segments = beam.pvalue.AsSingleton(
            spends
            | "ChooseSegments" >> beam.Map(choose_segments, beam.pvalue.AsSingleton(names), options, given=self._given)
        )
        writing = WriteSegmentExamples(options, uris.examples, buckets)
        written = together | "WriteExamples" >> beam.ParDo(
            writing, moments, segments, beam.pvalue.AsSingleton(described)
        )
        _ = (
            written
            | "AddUpExamples" >> beam.CombineGlobally(SumCounters())
            | "WriteExampleCounts" >> beam.Map(_write_example_counts, moments, segments, uris.labels)
        )
        return (
            events[COUNTS]
            | "AddUpCounts" >> beam.CombineGlobally(SumCounts())
            | "WriteCounts" >> beam.Map(write_counts, SplitMoments(None, None), uris.labels)
        )


def event_options(options: SegmentationExamplesOptions) -> TaskExamplesOptions:
    """Returns what the shared steps over events want to know."""
    return TaskExamplesOptions(
        event_types=dict.fromkeys(options.event_types, 1.0),
        bought_event_type=options.bought_event_type,
        max_unknown_product_fraction=options.max_unknown_product_fraction,
        user_id_key=options.user_id_key,
    )


def choose_segments(
    spends: Counter[float], names: Counter[str], options: SegmentationExamplesOptions, *, given: bool
) -> Segments:
    """Returns the labels: given ones with enough training users, in order of name, or the tiers from the lowest up."""
    segments = options.segments
    if given:
        return Segments(tuple(sorted(n for n, count in names.items() if count >= segments.min_label_users)), (), True)
    cuts = segments.cuts if segments.cuts is not None else tuple(tier_cuts(spends, len(segments.tiers)))
    return Segments((segments.lapsed, *segments.tiers), cuts, False)


def _write_example_counts(counts: Counter[str], moments: SegmentMoments, segments: Segments, uri: str) -> None:
    values: dict[str, Any] = {"counts": counts, "moments": moments._asdict(), **segments._asdict()}
    io_utils.write_string_file(f"{uri}/{EXAMPLE_COUNTS_FILE}", json.dumps(values, indent=1, ensure_ascii=False))
