"""The Beam transform behind ResponseExamples."""

from collections import Counter
from collections.abc import Iterable, Mapping

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.events.counts import SumCounters
from components.events.options import EventOptions
from components.events.users_together import BringUsersTogether, TablePaths
from components.response.examples.options import ResponseExamplesOptions, ResponseSplitOptions
from components.response.examples.reading import (
    COUNTS,
    HOURS,
    IMPRESSIONS,
    QUARANTINED,
    TOTALS,
    CountItems,
    ReadImpressions,
)
from components.response.examples.writing import CurrentOffers, ResponseMoments, WriteResponseExamples
from components.tables.quarantine import WriteQuarantine
from components.tables.read_back import ReadTable, bucket_count, table_rows
from serving.graph.time_units import HOUR_SECONDS
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE
from trainer.artifacts.parquet_files import write_parquet
from trainer.response.items import COUNTS_FILE, COUNTS_SCHEMA, load_items

# Where the data decide, this share of the impressions is the test; of what is left, the same validates.
_LAST_SHARE = 0.2


class MakeResponseExamples(beam.PTransform):
    """Reads impressions and what users did before them, and writes examples, counts and quarantine.

    Args:
        options: What an impression is.
        events: What the shared steps over events have to know.
        tables: Events, products and users; no events where the shop has none.
        impressions: Files of the table of impressions.
        item_ids: Ids of what may be shown, in the order of their places.
        examples: Folder of each split to write into.
        catalogue: The folder of the items, which stand there already.
        quarantine: The quarantine's folder.
        most_current: Current offers at the most that are asked about for every user.
    """

    def __init__(
        self,
        options: ResponseExamplesOptions,
        events: EventOptions,
        tables: TablePaths,
        impressions: list[str],
        item_ids: list[bytes],
        *,
        examples: Mapping[str, str],
        catalogue: str,
        quarantine: str,
        most_current: int = 0,
    ) -> None:
        super().__init__()
        self._options, self._events, self._tables = options, events, tables
        self._impressions, self._item_ids = impressions, item_ids
        self._examples, self._catalogue, self._quarantine = examples, catalogue, quarantine
        self._most_current = most_current

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        options = self._options
        by_item = bucket_count(table_rows(self._impressions))
        buckets = by_item
        together = None
        if self._tables.events:
            users = pipeline | "BringUsersTogether" >> BringUsersTogether(
                self._tables,
                self._events,
                time_column="timestamp",
                product_columns=["product_id"],
                quarantine_uri=self._quarantine,
                counts_uri=self._catalogue,
            )
            together, buckets = users.buckets, users.number_of_buckets
        reading = ReadImpressions(options, self._item_ids, self._events.user_id_key, by_item)
        read = (
            pipeline
            | "ReadImpressions" >> ReadTable(self._impressions)
            | "CheckImpressions" >> beam.ParDo(reading).with_outputs(QUARANTINED, COUNTS, HOURS, main=IMPRESSIONS)
        )
        _ = read[QUARANTINED] | "WriteQuarantine" >> WriteQuarantine(self._quarantine, IMPRESSIONS)
        counted = (
            read[IMPRESSIONS]
            | "ByItem" >> beam.GroupByKey()
            | "CountItems" >> beam.ParDo(CountItems(options.outcomes, buckets)).with_outputs(TOTALS, main=IMPRESSIONS)
        )
        _ = (
            counted[TOTALS]
            | "GatherTotals" >> beam.combiners.ToList()
            | "WriteTotals" >> beam.Map(_write_totals, self._catalogue)
        )
        moments = beam.pvalue.AsSingleton(
            read[HOURS]
            | "AddUpHours" >> beam.CombineGlobally(SumCounters())
            | "ChooseMoments" >> beam.Map(choose_moments, options.split)
        )
        hours = [read[HOURS], *([] if together is None else [users.events_by_hour])]
        latest = hours | "GatherLatest" >> beam.Flatten() | "FindLatest" >> beam.CombineGlobally(latest_hour)
        current = beam.pvalue.AsSingleton(
            latest
            | "FindCurrent"
            >> beam.Map(
                current_offers, beam.pvalue.AsIter(counted[TOTALS]), self._catalogue, options, self._most_current
            )
        )
        tables = {IMPRESSIONS: counted[IMPRESSIONS]}
        if together is not None:
            tables["together"] = together
        made = (
            tables
            | "BringTogether" >> beam.CoGroupByKey()
            | "WriteExamples"
            >> beam.ParDo(WriteResponseExamples(options, self._catalogue, self._examples, buckets), moments, current)
        )
        return (
            (read[COUNTS], made)
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(SumCounters())
            | "WriteCounts" >> beam.Map(_write_counts, moments, self._catalogue)
        )


def choose_moments(hours: Counter[int], options: ResponseSplitOptions) -> ResponseMoments:
    """Returns where validation and test begin, by the number of impressions of each hour since 1970."""
    if options.method == "random" or not hours:
        return ResponseMoments(None, None)
    validation, test = options.moments()
    if test is None:
        test = _after_which_the_last_lie(hours)
    if validation is None:
        before = Counter({hour: count for hour, count in hours.items() if hour * HOUR_SECONDS < test})
        validation = _after_which_the_last_lie(before) if before else test
    return ResponseMoments(validation, test)


def latest_hour(hours: Iterable[Mapping[int, int] | int]) -> int:
    """Returns the latest of some hours, or of the keys of some counters of hours; -1 for none."""
    return max((max(each, default=-1) if isinstance(each, Mapping) else each for each in hours), default=-1)


def current_offers(
    latest: int,
    totals: Iterable[tuple[int, float, list[float]]],
    catalogue: str,
    options: ResponseExamplesOptions,
    most: int,
) -> CurrentOffers:
    """Returns the offers that may be shown once all is over that is known; those that end first where there are many.

    Args:
        latest: The hour of the latest event or impression, since 1970.
        totals: How often each item was shown, and what came of it.
        catalogue: Where the items stand.
        options: Names the outcomes.
        most: Offers at the most.
    """
    now = (latest + 1) * HOUR_SECONDS
    items = load_items(catalogue)
    places = np.flatnonzero((items.starts <= now) & (now < items.ends))
    places = places[np.argsort(items.ends[places], kind="stable")][:most]
    nothing = (0.0, [0.0] * len(options.outcomes))
    known = {item: (shown, outcomes) for item, shown, outcomes in totals}
    found = [known.get(place, nothing) for place in places.tolist()]
    return CurrentOffers(now, places.tolist(), [each[0] for each in found], [each[1] for each in found])


def _after_which_the_last_lie(hours: Counter[int]) -> int:
    """Returns the latest hour's beginning from which on the last share lies, never the first hour of all."""
    wanted, found = _LAST_SHARE * sum(hours.values()), 0
    ordered = sorted(hours, reverse=True)
    for hour in ordered:
        found += hours[hour]
        if found >= wanted:
            return max(hour, ordered[-2] if len(ordered) > 1 else hour) * HOUR_SECONDS
    return ordered[0] * HOUR_SECONDS


def _write_totals(totals: Iterable[tuple[int, float, list[float]]], uri: str) -> None:
    rows = [{"item": item, "shown": shown, "outcomes": outcomes} for item, shown, outcomes in sorted(totals)]
    write_parquet(f"{uri}/{COUNTS_FILE}", pa.Table.from_pylist(rows, COUNTS_SCHEMA))


def _write_counts(counts: Counter[str], moments: ResponseMoments, uri: str) -> None:
    write_json(f"{uri}/{EXAMPLE_COUNTS_FILE}", {"counts": counts, "moments": moments._asdict()})
