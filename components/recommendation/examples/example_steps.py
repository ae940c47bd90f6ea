"""The Beam step from buckets of users to examples of every split."""

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.events.buckets import EVENTS
from components.events.example_files import write_examples
from components.events.history import EVAL_PERIOD, TEST_PERIOD, TRAIN_PERIOD, EventHistory, order_events
from components.events.list_columns import lists, with_attributes
from components.events.moments import SplitMoments, event_periods, window_moments
from components.events.users_together import USERS, Bucket
from components.recommendation.examples.counts import ExampleCounts
from components.recommendation.examples.evaluation_queries import evaluation_queries
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.recommendation.examples.rejections import is_of_rejected, is_rejection
from components.recommendation.examples.training_windows import Replay, training_windows
from components.tables.read_back import concatenated, from_bytes

SPLITS = ("train", "eval", "ranker", "test")


class WriteRecommendationExamples(beam.DoFn):
    """A bucket to TFRecord files of tf.Examples, one of each split, named after the bucket.

    Memory grows with the events of the bucket and the catalogue's ids. A file appears whole or not at all,
    and writing a bucket twice leaves the same files. Guests have no history and are in no example.
    """

    def __init__(
        self,
        options: RecommendationExamplesOptions,
        uris: Mapping[str, str],
        *,
        buckets: int,
        has_timestamps: bool,
        learned_until: int | None = None,
    ) -> None:
        self._options, self._uris, self._buckets, self._has_timestamps = options, dict(uris), buckets, has_timestamps
        self._replay = None if learned_until is None else Replay(learned_until, options.replay)
        self._weights = options.weights()

    def process(self, bucket: Bucket, moments: SplitMoments, catalogue: bytes) -> Iterator[Any]:
        """Handles one bucket."""
        number, tables = bucket
        events = concatenated(tables[EVENTS])
        if events is None:
            return
        history = order_events(events)
        period = event_periods(history, moments, self._weights)
        history, kept = history.in_catalogue(from_bytes(catalogue)["product_id"].combine_chunks().cast(pa.binary()))
        filtered_events = int((~kept).sum())
        period = period[kept][history.not_of_guests()]
        history = history.keep(history.not_of_guests())
        learned = (period == TRAIN_PERIOD) & ~is_of_rejected(history, self._weights, period == TRAIN_PERIOD)
        # What is rejected is no part of a history: what somebody had is.
        had = ~is_rejection(history, self._weights)
        learned, period, history = learned[had], period[had], history.keep(had)
        splits = {
            "train": training_windows(
                history.keep(learned),
                self._weights,
                window=self._options.tower_history,
                max_targets=self._options.max_targets,
                seed=self._options.seed,
                has_timestamps=self._has_timestamps,
                replay=self._replay,
                named=self._options.named_windows,
            )
        }
        attributes = concatenated(tables.get(USERS, ()))
        for name, wanted in (("eval", EVAL_PERIOD), ("test", TEST_PERIOD)):
            queries = evaluation_queries(history, period, wanted, self._weights, has_timestamps=self._has_timestamps)
            splits[name] = with_attributes(queries, attributes)
        splits["ranker"] = self._ranker_queries(history, moments)
        for name, table in splits.items():
            write_examples(self._uris[name], number, self._buckets, table)
        yield ExampleCounts(
            filtered_events=filtered_events,
            train=len(splits["train"]),
            eval=len(splits["eval"]),
            ranker=len(splits["ranker"]),
            test=len(splits["test"]),
        )

    def _ranker_queries(self, history: EventHistory, moments: SplitMoments) -> pa.Table:
        """Returns the evaluation queries of each window, with the window's number as the list `window`."""
        tables = []
        for number, window in enumerate(window_moments(moments, self._options.ranker_windows)):
            queries = evaluation_queries(
                history,
                event_periods(history, window, self._weights),
                EVAL_PERIOD,
                self._weights,
                has_timestamps=self._has_timestamps,
                latest=self._options.ranker_history,
            )
            numbers = np.full(len(queries), number, dtype=np.int64)
            tables.append(queries.append_column("window", lists(numbers, np.ones(len(queries), dtype=np.int64))))
        return with_attributes(pa.concat_tables(tables), users=None)
