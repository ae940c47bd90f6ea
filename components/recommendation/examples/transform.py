"""The Beam transform behind RecommendationExamples."""

from collections.abc import Mapping

import apache_beam as beam

from components.events.buckets import COUNTS
from components.events.counts import SumCounts
from components.events.moments import choose_split_moments
from components.events.options import EventOptions
from components.events.product_sums import SumByProduct
from components.events.users_together import BringUsersTogether, TablePaths
from components.recommendation.examples.catalogue import PRODUCT_COLUMNS
from components.recommendation.examples.catalogue_steps import ChooseCatalogue, CountProducts
from components.recommendation.examples.counts import ExampleCounts, write_example_counts
from components.recommendation.examples.example_steps import WriteRecommendationExamples
from components.recommendation.examples.options import RecommendationExamplesOptions


class MakeRecommendationExamples(beam.PTransform):
    """Reads tables, brings each user's events together, and writes examples, catalogue, quarantine and counts.

    Args:
        options: How events become examples.
        events: What the shared steps over events have to know.
        tables: What to read.
        time_column: The column that orders events, `timestamp` or `position`.
        examples: Folder of each split to write into.
        catalogue: The catalogue's folder.
        quarantine: The quarantine's folder.
        learned_until: Moment up to which the towers that an update starts from have learned; None in a run.
    """

    def __init__(
        self,
        options: RecommendationExamplesOptions,
        events: EventOptions,
        tables: TablePaths,
        *,
        time_column: str,
        examples: Mapping[str, str],
        catalogue: str,
        quarantine: str,
        learned_until: int | None = None,
    ) -> None:
        super().__init__()
        self._options, self._examples, self._catalogue = options, examples, catalogue
        self._has_timestamps = time_column == "timestamp"
        self._learned_until = learned_until
        self._together = BringUsersTogether(
            tables,
            events,
            time_column=time_column,
            product_columns=(*PRODUCT_COLUMNS, *options.exposure_columns),
            quarantine_uri=quarantine,
            counts_uri=catalogue,
        )

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        options = self._options
        users = pipeline | "BringUsersTogether" >> self._together
        moments = beam.pvalue.AsSingleton(
            users.events_by_hour | "ChooseMoments" >> beam.Map(choose_split_moments, options.split)
        )
        counted = users.buckets | "CountProducts" >> beam.ParDo(CountProducts(options), moments).with_outputs(
            COUNTS, main="products"
        )
        catalogue = (
            counted["products"]
            | "AddUpProducts" >> beam.CombineGlobally(SumByProduct())
            | "ChooseCatalogue"
            >> beam.ParDo(ChooseCatalogue(options, self._catalogue), users.products).with_outputs(COUNTS, main="ids")
        )
        writing = WriteRecommendationExamples(
            options,
            self._examples,
            buckets=users.number_of_buckets,
            has_timestamps=self._has_timestamps,
            learned_until=self._learned_until,
        )
        written = users.buckets | "WriteExamples" >> beam.ParDo(
            writing, moments, beam.pvalue.AsSingleton(catalogue["ids"])
        )
        return (
            (counted[COUNTS], catalogue[COUNTS], written)
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(SumCounts(ExampleCounts))
            | "WriteCounts" >> beam.Map(write_example_counts, moments, self._catalogue)
        )
