"""Beam steps from buckets of users to the catalogue."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.events.buckets import COUNTS, EVENTS
from components.events.history import TEST_PERIOD, TRAIN_PERIOD, order_events
from components.events.moments import SplitMoments, event_periods, window_moments
from components.events.users_together import Bucket
from components.events.weekly_decay import weekly_decay
from components.products.catalogue import write_catalogue
from components.recommendation.examples.catalogue import (
    DECAYED,
    build_recommendation_catalogue,
    count_column,
    no_counts,
)
from components.recommendation.examples.counts import ExampleCounts
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.recommendation.examples.product_statistics import (
    count_statistics,
    statistics_column,
    write_product_statistics,
)
from components.tables.read_back import concatenated, from_bytes, to_bytes


class CountProducts(beam.DoFn):
    """A bucket to an Arrow IPC stream of product_id, count_N (events of each type before the test period) and more.

    `weekly_decayed` is the weight of those events, less by the weeks up to the test period where that has a moment.
    The rest are the product statistics of each of the ranker's windows, and last of the test period.
    """

    def __init__(self, options: RecommendationExamplesOptions) -> None:
        self._windows = options.ranker_windows
        self._weights = options.weights()

    def process(self, bucket: Bucket, moments: SplitMoments) -> Iterator[Any]:
        """Handles one bucket; memory grows with its events."""
        events = concatenated(bucket[1][EVENTS])
        if events is None:
            return
        history = order_events(events)
        period = event_periods(history, moments, self._weights)
        counted = period < TEST_PERIOD
        products = history.products
        table = {"product_id": products}
        for number in range(len(self._weights)):
            chosen = history.product[counted & (history.event_type == number)]
            table[count_column(number)] = pa.array(np.bincount(chosen, minlength=len(products)))
        weights = self._weights[history.event_type[counted]]
        if moments.test_start is not None:
            weights = weights * weekly_decay(moments.test_start - history.time[counted])
        table[DECAYED] = pa.array(np.bincount(history.product[counted], weights, minlength=len(products)))
        windows = window_moments(moments, self._windows)
        known = [
            (event_periods(history, window, self._weights) == TRAIN_PERIOD, window.validation_start)
            for window in windows
        ]
        for number, (before, moment) in enumerate([*known, (counted, moments.test_start)]):
            for name, values in count_statistics(history, before, self._weights, moment).items():
                table[statistics_column(name, number)] = pa.array(values)
        yield to_bytes(pa.table(table))
        seen = ExampleCounts(
            users=len(history.users),
            events_before_validation=int((period == TRAIN_PERIOD).sum()),
            events_after_test_start=int((period == TEST_PERIOD).sum()),
        )
        yield beam.pvalue.TaggedOutput(COUNTS, seen)


class ChooseCatalogue(beam.DoFn):
    """The merged counts to an Arrow IPC stream of the catalogue, written to the artifact on the way.

    Holds the products table in memory, on one worker.
    """

    def __init__(self, options: RecommendationExamplesOptions, uri: str) -> None:
        self._options, self._uri = options, uri

    def process(self, counts: bytes | None, products: Iterable[bytes] | None) -> Iterator[Any]:
        """Handles the one element there is."""
        counted = no_counts(len(self._options.event_types)) if counts is None else from_bytes(counts)
        table = concatenated(sorted(products)) if products is not None else None
        catalogue = build_recommendation_catalogue(counted, table, self._options)
        write_catalogue(self._uri, catalogue)
        write_product_statistics(self._uri, counted, catalogue["product_id"])
        known = len(table if table is not None else counted)
        seen = ExampleCounts(
            known_products=known, catalogue_products=len(catalogue), products_without_events=known - len(counted)
        )
        yield beam.pvalue.TaggedOutput(COUNTS, seen)
        yield to_bytes(catalogue.select(["product_id"]).combine_chunks())
