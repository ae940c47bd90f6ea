"""The opinion watch as one Beam pipeline: from the tables of a run to tables of shares, alarms, aspects and marks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from components.opinions.aspects import Aspect, FindAspects, FindQuotes, aspects_of
from components.opinions.change_points import BadWeeks, bad_weeks, false_discovery_limit, share_interval
from components.opinions.marks import MarkReviews, WhatIsCopied
from components.opinions.reviews import ASPECT, REVIEW_COLUMNS, Review, Series, reviews_of, series_of, week_of
from components.opinions.tables import ALARMS, ASPECTS, MARKED, SCHEMAS, SHARES
from components.products.reviews.phrases import written
from components.tables.read_back import ReadTable, stripped_rows
from trainer.artifacts.names import PARQUET_SUFFIX

# Of the alarms, the share that may be false.
FALSE_ALARMS = 0.05
# Bad weeks that are less likely than that by chance are looked at together; the others are no alarm in any case.
_MOST_CHANCE = FALSE_ALARMS
_EPOCH = date(1970, 1, 1)

WeekCounts = tuple[int, int, int]
# Level, name and week.
SeriesWeek = tuple[str, str, int]


class Watched(NamedTuple):
    """What the opinion watch reads.

    Attributes:
        texts: Parquet files of the table artifact `texts`.
        products: Those of `products`; none leaves categories out.
        negative: Labels of negative reviews.
        zone: Name of the shop's time zone.
    """

    texts: Sequence[str]
    products: Sequence[str]
    negative: frozenset[str]
    zone: str


def watch_opinions(watched: Watched, folder: str, beam_args: Sequence[str]) -> None:
    """Writes `shares`, `alarms`, `aspects` and `marked` as Parquet files (`components/opinions/tables.py`).

    Copies of earlier reviews count in no share: who sends one review ten times has one opinion. Reviews of a burst do,
    as a bad batch is one too. Work is spread by review, product and series; a worker holds the weeks of one series,
    the aspects and the alarms.

    Args:
        watched: What is read.
        folder: Where the files go.
        beam_args: Arguments of Beam.
    """
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        marked = (
            pipeline
            | "ReadTexts" >> ReadTable(watched.texts, REVIEW_COLUMNS)
            | "TakeReviews" >> beam.FlatMap(reviews_of, watched.negative).with_output_types(Review)
            | "Mark" >> MarkReviews()
        )
        original = (
            marked
            | "LeaveCopiesOut" >> beam.Filter(lambda each: not each.copied)
            | "TakeOriginals" >> beam.Map(lambda each: each.review).with_output_types(Review)
        )
        aspects = original | "FindAspects" >> FindAspects()
        view = beam.pvalue.AsSingleton(aspects, default_value=[])
        quotes = original | "FindQuotes" >> FindQuotes(view)
        weeks = original | "CountWeeks" >> CountWeeks(watched, view)
        tables = {
            SHARES: weeks | "ShareRows" >> beam.FlatMap(_share_rows),
            ALARMS: weeks | "FindAlarms" >> FindAlarms(),
            ASPECTS: aspects | "AspectRows" >> beam.FlatMap(_aspect_rows, beam.pvalue.AsDict(quotes)),
            MARKED: marked | "WhatIsCopied" >> WhatIsCopied(),
        }
        for name, rows in tables.items():
            schema = SCHEMAS[name]
            _ = (
                rows
                | f"Batch_{name}" >> beam.BatchElements(min_batch_size=1000, max_batch_size=10_000)
                | f"ToArrow_{name}" >> beam.Map(_to_arrow, schema).with_output_types(pa.Table)
                | f"Write_{name}"
                >> beam.io.WriteToParquetBatched(f"{folder}/{name}", schema, file_name_suffix=PARQUET_SUFFIX)
            )


class CountWeeks(beam.PTransform):
    """Reviews to series, each with its weeks: (week, reviews, negatives).

    Args:
        watched: Says the weeks and the categories.
        aspects: A view of the list of aspects.
    """

    def __init__(self, watched: Watched, aspects: beam.pvalue.AsSingleton) -> None:
        super().__init__()
        self._watched, self._aspects = watched, aspects

    def expand(self, reviews: beam.PCollection[Review]) -> beam.PCollection[tuple[Series, list[WeekCounts]]]:
        """Adds the counting to a pipeline."""
        categories = (
            reviews.pipeline
            | "ReadProducts" >> ReadTable(self._watched.products, ("product_id", "category"))
            | "TakeCategories" >> beam.FlatMap(_categories).with_output_types(tuple[str, str])
        )
        by_product = reviews | "ByProduct" >> beam.Map(lambda review: (review.product_id, review))
        of_products = (
            {"reviews": by_product, "category": categories}
            | "JoinCategories" >> beam.CoGroupByKey()
            | "CountOfProducts"
            >> beam.FlatMap(_of_products, self._watched.zone).with_output_types(tuple[SeriesWeek, tuple[int, int]])
        )
        of_aspects = reviews | "CountOfAspects" >> beam.FlatMap(
            _of_aspects, self._aspects, self._watched.zone
        ).with_output_types(tuple[SeriesWeek, tuple[int, int]])
        return (
            (of_products, of_aspects)
            | "AllCounts" >> beam.Flatten()
            | "AddUpWeeks" >> beam.CombinePerKey(_pair_sums)
            | "BySeries"
            >> beam.Map(lambda each: (each[0][:2], (each[0][2], *each[1]))).with_output_types(
                tuple[tuple[str, str], WeekCounts]
            )
            | "GatherSeries" >> beam.GroupByKey()
            | "SortWeeks" >> beam.Map(lambda each: (Series(*each[0]), sorted(each[1])))
        )


class FindAlarms(beam.PTransform):
    """Series to rows of alarms: weeks that were worse than usual, of which one in twenty may be by chance."""

    def expand(self, weeks: beam.PCollection[tuple[Series, list[WeekCounts]]]) -> beam.PCollection[dict[str, Any]]:
        """Adds the search to a pipeline."""
        found = weeks | "FindBadWeeks" >> beam.FlatMap(_bad_weeks)
        tests = beam.pvalue.AsSingleton(weeks | "CountSeries" >> beam.combiners.Count.Globally())
        return found | "GatherBadWeeks" >> beam.combiners.ToList() | "KeepAlarms" >> beam.FlatMap(_alarms, tests)


def _categories(stream: bytes) -> Iterator[tuple[str, str]]:
    for row in stripped_rows(stream):
        if row.get("category"):
            yield row["product_id"], row["category"]


def _of_products(
    element: tuple[str, Mapping[str, Iterable[Any]]], zone: str
) -> Iterator[tuple[SeriesWeek, tuple[int, int]]]:
    category = next(iter(element[1]["category"]), "")
    for given in element[1]["reviews"]:
        review = Review(*given)
        week = week_of(review.at, zone)
        for series in series_of(review, category):
            yield (*series, week), (1, int(review.negative))


def _of_aspects(review: Review, aspects: Sequence[Aspect], zone: str) -> Iterator[tuple[SeriesWeek, tuple[int, int]]]:
    for phrase in aspects_of(review.text, [aspect.phrase for aspect in aspects]):
        yield (ASPECT, written(phrase), week_of(review.at, zone)), (1, int(review.negative))


def _to_arrow(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema)


def _pair_sums(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    reviews = negatives = 0
    for own, bad in pairs:
        reviews, negatives = reviews + own, negatives + bad
    return reviews, negatives


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)


def _share_rows(element: tuple[Series, list[WeekCounts]]) -> Iterator[dict[str, Any]]:
    series, weeks = element
    for week, reviews, negatives in weeks:
        low, high = share_interval(negatives, reviews)
        counts = {"reviews": reviews, "negatives": negatives, "share": negatives / reviews, "low": low, "high": high}
        yield {"level": series.level, "name": series.name, "week": _day(week), **counts}


def _bad_weeks(element: tuple[Series, list[WeekCounts]]) -> Iterator[tuple[Series, BadWeeks]]:
    series, rows = element
    weeks, reviews, negatives = (list(column) for column in zip(*rows, strict=True))
    for found in bad_weeks(weeks, np.array(negatives), np.array(reviews)):
        if found.p_value <= _MOST_CHANCE:
            yield series, found


def _alarms(found: Sequence[tuple[Series, BadWeeks]], series: int) -> Iterator[dict[str, Any]]:
    limit = false_discovery_limit([bad.p_value for _, bad in found], series, FALSE_ALARMS)
    for (level, name), bad in sorted(found, key=lambda each: each[1].p_value):
        if bad.p_value <= limit:
            low, high = share_interval(bad.negatives, bad.reviews)
            yield {
                "level": level,
                "name": name,
                "first_week": _day(bad.first),
                "last_week": _day(bad.last),
                "reviews": bad.reviews,
                "negatives": bad.negatives,
                "share": bad.negatives / bad.reviews,
                "low": low,
                "high": high,
                "usual_share": bad.usual,
                "p_value": bad.p_value,
            }


def _aspect_rows(aspects: Sequence[Aspect], quotes: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    for aspect in aspects:
        yield {
            "aspect": aspect.name,
            "negatives": aspect.negatives,
            "others": aspect.others,
            "z": aspect.z,
            "quotes": quotes.get(aspect.name, []),
        }
