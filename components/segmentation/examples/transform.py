"""The Beam transform behind SegmentationExamples."""

from collections import Counter
from collections.abc import Mapping

import apache_beam as beam

from components.events.counts import SumCounters
from components.events.options import EventOptions
from components.events.product_sums import SumByProduct
from components.events.users_together import BringUsersTogether, TablePaths
from components.segmentation.discovery.discovered_segments import DiscoveredSegments
from components.segmentation.examples.discovery import DiscoverSegments
from components.segmentation.examples.moments import SegmentMoments, choose_segment_moments, tier_cuts
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.products import PRODUCT_COLUMNS
from components.segmentation.examples.steps import (
    SEGMENTS,
    SPENDS,
    SUMS,
    DescribeProducts,
    SegmentLabels,
    SumUp,
    WriteSegmentExamples,
)
from components.tables.read_back import table_columns
from serving.segmentation.signals import QUERY
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE

_AMOUNTS = ("quantity", "price")


class MakeSegmentExamples(beam.PTransform):
    """Reads tables, brings each user's events together, and writes examples, products, quarantine and counts.

    Args:
        options: What a segment is, and what a history holds.
        events: What the shared steps over events have to know.
        tables: What to read.
        given: Whether the users table gives the segments.
        examples: Folder of each split to write into.
        catalogue: The catalogue's folder.
        labels: The folder of the labels, where counts are written too.
        quarantine: The quarantine's folder.
        seed: Of the discovery of segments.
        earlier_labels: The labels of the last run, whose discovered segments these go on from; empty for none.
    """

    def __init__(
        self,
        options: SegmentationExamplesOptions,
        events: EventOptions,
        tables: TablePaths,
        *,
        given: bool,
        examples: Mapping[str, str],
        catalogue: str,
        labels: str,
        quarantine: str,
        seed: int = 0,
        earlier_labels: str = "",
    ) -> None:
        super().__init__()
        self._options, self._given = options, given
        self._seed, self._earlier_labels = seed, earlier_labels
        self._examples, self._catalogue, self._labels = examples, catalogue, labels
        there = table_columns(tables.events)
        signals = [column for column in options.signals if column in there]
        self._together = BringUsersTogether(
            tables,
            events,
            time_column="timestamp",
            product_columns=PRODUCT_COLUMNS,
            quarantine_uri=quarantine,
            counts_uri=labels,
            amounts=(*_AMOUNTS, *(column for column in signals if column != QUERY)),
            texts=tuple(column for column in signals if column == QUERY),
        )

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        options, discovers = self._options, self._options.segments.labels == "discovered"
        for_good = self._given or discovers
        users = pipeline | "BringUsersTogether" >> self._together
        moments = beam.pvalue.AsSingleton(
            users.events_by_hour | "ChooseMoments" >> beam.Map(choose_segment_moments, options.segments, given=for_good)
        )
        sums = users.buckets | "SumUp" >> beam.ParDo(SumUp(options, given=self._given), moments).with_outputs(
            SPENDS, SEGMENTS, main=SUMS
        )
        described = (
            sums[SUMS]
            | "AddUpProducts" >> beam.CombineGlobally(SumByProduct())
            | "DescribeProducts" >> beam.ParDo(DescribeProducts(options, self._catalogue), users.products)
        )
        described = beam.pvalue.AsSingleton(described)
        discovered: tuple[beam.pvalue.AsSingleton, ...] = ()
        if discovers:
            discovering = DiscoverSegments(options, self._seed, moments, described, self._labels, self._earlier_labels)
            model = users.buckets | "DiscoverSegments" >> discovering
            discovered = (beam.pvalue.AsSingleton(model),)
        spends = sums[SPENDS] | "AddUpSpends" >> beam.CombineGlobally(SumCounters())
        names = sums[SEGMENTS] | "AddUpSegments" >> beam.CombineGlobally(SumCounters())
        segments = beam.pvalue.AsSingleton(
            spends
            | "ChooseSegments"
            >> beam.Map(
                choose_segments, beam.pvalue.AsSingleton(names), *discovered, options=options, given=self._given
            )
        )
        writing = WriteSegmentExamples(options, self._examples, users.number_of_buckets)
        return (
            users.buckets
            | "WriteExamples" >> beam.ParDo(writing, moments, segments, described, *discovered)
            | "AddUpExamples" >> beam.CombineGlobally(SumCounters())
            | "WriteExampleCounts" >> beam.Map(_write_example_counts, moments, segments, self._labels)
        )


def choose_segments(
    spends: Counter[float],
    names: Counter[str],
    discovered: bytes | None = None,
    *,
    options: SegmentationExamplesOptions,
    given: bool,
) -> SegmentLabels:
    """Returns the labels.

    Discovered ones in the order they were found in, given ones with enough training users in order of name, or the
    tiers from the lowest up.
    """
    segments = options.segments
    if discovered is not None:
        return SegmentLabels(DiscoveredSegments.of_bytes(discovered).names, (), True)
    if given:
        return SegmentLabels(
            tuple(sorted(n for n, count in names.items() if count >= segments.min_label_users)), (), True
        )
    cuts = segments.cuts if segments.cuts is not None else tuple(tier_cuts(spends, len(segments.tiers)))
    return SegmentLabels((segments.lapsed, *segments.tiers), cuts, False)


def _write_example_counts(counts: Counter[str], moments: SegmentMoments, segments: SegmentLabels, uri: str) -> None:
    values = {"counts": counts, "moments": moments._asdict(), **segments._asdict()}
    write_json(f"{uri}/{EXAMPLE_COUNTS_FILE}", values)
