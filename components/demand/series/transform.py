"""The Beam transform behind DemandExamples."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tfx.types.artifact import Artifact

from components.demand.series.building import (
    CATEGORY,
    SERIES_SCHEMA,
    STOCK_NUMBERS,
    SeriesForm,
    build_series,
    covariate_names,
    is_planned,
    list_column,
)
from components.demand.series.options import DemandSeriesOptions
from components.demand.series.sums import (
    COUNTS,
    DAYS,
    FILTERED,
    QUARANTINED,
    SUMS,
    BucketRows,
    SumDays,
    add_up,
    widest,
)
from components.demand.series.weeks import ShopWeeks, Span
from components.events.buckets import take_product_ids
from components.events.counts import EventCounts, SumCounters, SumCounts, write_event_counts
from components.tables.quarantine import WriteQuarantine
from components.tables.read_back import ReadTable, bucket_count, concatenated, from_bytes, input_files, table_rows
from serving.graph.catalogue import CATEGORY_SEPARATOR
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE
from trainer.artifacts.parquet_files import write_parquet
from trainer.demand.series_files import series_file

CATEGORIES, BUILT = "categories", "built"
_EVENT_COLUMNS = ("user_id", "product_id", "event_type", "timestamp", "quantity", "price", "store_id")


class DemandPaths(NamedTuple):
    """Parquet files of each table; a table that a shop lacks has none."""

    events: list[str]
    products: list[str]
    promotions: list[str]
    stock: list[str]

    @classmethod
    def of(cls, inputs: Mapping[str, list[Artifact]]) -> "DemandPaths":
        """Returns the files of a node's inputs."""
        return cls(*(input_files(inputs, name) for name in cls._fields))


class MakeSeries(beam.PTransform):
    """Reads the tables, adds purchases up by week, and writes the series, quarantine and counts.

    Rows travel as Arrow IPC streams: daily sums through one CoGroupByKey by buckets of products, the products table as
    a side input. A worker holds one bucket: the weeks of some thousand products.

    Args:
        options: What the series are made of.
        tables: What to read.
        placements: Placements of promotions that become covariates.
        discounted: Whether promotions have discounts.
        promoted_until: When the last promotion ends, in Unix seconds; 0 without any.
        priced: Whether events have prices.
        user_id_key: Key of the hash that stands for a user id in the quarantine; None writes ids plainly.
        examples: Folder of the series.
        catalogue: The catalogue's folder, where counts are written.
        quarantine: The quarantine's folder.
    """

    def __init__(
        self,
        options: DemandSeriesOptions,
        tables: DemandPaths,
        *,
        placements: tuple[str, ...],
        discounted: bool,
        promoted_until: int,
        priced: bool,
        user_id_key: str | None,
        examples: str,
        catalogue: str,
        quarantine: str,
    ) -> None:
        super().__init__()
        self._options, self._tables, self._user_id_key = options, tables, user_id_key
        self._examples, self._catalogue, self._quarantine = examples, catalogue, quarantine
        self._weeks = ShopWeeks(options.time_zone, options.week_start)
        self._build = BuildSeries(
            options,
            self._weeks,
            placements=placements,
            discounted=discounted,
            promoted_until=promoted_until,
            priced=priced,
            uri=examples,
        )
        self._buckets = bucket_count(table_rows(tables.events))

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        options, tables = self._options, self._tables
        products = product_ids = None
        if tables.products:
            batches = pipeline | "ReadProducts" >> ReadTable(tables.products, ("product_id", "category"))
            products = beam.pvalue.AsIter(batches)
            product_ids = beam.pvalue.AsIter(batches | "TakeProductIds" >> beam.Map(take_product_ids))
        summing = SumDays(
            self._weeks,
            options.bought_event_type,
            self._buckets,
            by_store=options.by_store,
            most_pieces=options.most_pieces,
            user_id_key=self._user_id_key,
        )
        events = (
            pipeline
            | "ReadEvents" >> ReadTable(tables.events, _EVENT_COLUMNS)
            | "SumDays" >> beam.ParDo(summing, product_ids).with_outputs(QUARANTINED, COUNTS, DAYS, FILTERED, main=SUMS)
        )
        _ = events[QUARANTINED] | "WriteQuarantine" >> WriteQuarantine(self._quarantine)
        _ = (
            events[COUNTS]
            | "AddUpCounts" >> beam.CombineGlobally(SumCounts(EventCounts))
            | "WriteCounts" >> beam.Map(write_event_counts, self._catalogue)
        )
        span = beam.pvalue.AsSingleton(
            events[DAYS]
            | "FindEnds" >> beam.CombineGlobally(widest)
            | "FindSpan" >> beam.Map(lambda days, weeks=self._weeks: weeks.span(*days))
        )
        tagged = {SUMS: events[SUMS]}
        for name in ("promotions", "stock"):
            paths: list[str] = getattr(tables, name)
            if paths:
                rows = pipeline | f"Read_{name}" >> ReadTable(paths)
                tagged[name] = rows | f"Bucket_{name}" >> beam.ParDo(BucketRows(self._buckets))
        buckets = tagged | "BringTogether" >> beam.CoGroupByKey()
        chosen = None
        if options.max_products is not None:
            chosen = beam.pvalue.AsSingleton(
                events[SUMS]
                | "GroupSums" >> beam.GroupByKey()
                | "FindTotals" >> beam.Map(total_units, span, self._weeks, options)
                | "TakeBest" >> beam.CombineGlobally(Best(options.max_products))
            )
        built = buckets | "BuildSeries" >> beam.ParDo(self._build, span, products, chosen).with_outputs(
            CATEGORIES, main=BUILT
        )
        written = (
            built[CATEGORIES]
            | "AddUpCategories" >> beam.CombinePerKey(add_arrays)
            | "GatherCategories" >> beam.combiners.ToList()
            | "WriteCategories" >> beam.Map(write_categories, self._examples, span, self._build)
        )
        return (
            (built[BUILT], written, events[FILTERED])
            | "Gather" >> beam.Flatten()
            | "AddUpBuilt" >> beam.CombineGlobally(SumCounters())
            | "WriteBuilt" >> beam.Map(_write_counts, span, self._catalogue)
        )


class BuildSeries(beam.DoFn):
    """(bucket, streams by table) to one Parquet file of series; yields what is counted, and units by category."""

    def __init__(
        self,
        options: DemandSeriesOptions,
        weeks: ShopWeeks,
        *,
        placements: tuple[str, ...],
        discounted: bool,
        promoted_until: int,
        priced: bool,
        uri: str,
    ) -> None:
        self._options, self._weeks, self._uri = options, weeks, uri
        self._placements, self._discounted, self._priced = placements, discounted, priced
        self._promoted_until = promoted_until

    def form(self, span: Span) -> SeriesForm:
        """Returns what the arrays of all series have in common."""
        names = covariate_names(
            priced=self._priced, discounted=self._discounted, placements=self._placements, weeks=span.weeks
        )
        planned = is_planned(self._promoted_until, span, self._weeks)
        return SeriesForm(span, self._options.horizon, self._weeks, names, self._placements, planned)

    def process(
        self,
        element: tuple[int, Mapping[str, Iterable[bytes]]],
        span: Span,
        products: Iterable[bytes] | None,
        chosen: frozenset[bytes] | None,
    ) -> Iterator[Any]:
        """Handles one bucket; memory grows with its products times the weeks."""
        number, tables = element
        sums = concatenated(tables.get(SUMS, ()))
        if sums is None or not span.weeks:
            return
        sums = add_up(sums)
        form = self.form(span)
        categories = categories_of(products, pc.unique(sums["product_id"]), self._options.category_levels)
        for category, units in by_category(sums, categories, form):
            yield beam.pvalue.TaggedOutput(CATEGORIES, (category, units))
        if chosen is not None:
            sums = sums.filter(pc.is_in(sums["product_id"], value_set=pa.array(sorted(chosen), pa.binary())))
        promotions, stock = (concatenated(tables.get(name, ())) for name in ("promotions", "stock"))
        built = build_series(sums, promotions, stock, categories, form)
        write_parquet(series_file(self._uri, number), built.table)
        yield Counter(
            series=len(built.table),
            products=len(pc.unique(built.table["product_id"])),
            series_of_zeros=built.zeros,
            absurd_weeks=built.absurd,
            weeks_out_of_stock=built.stock_out,
        )


def categories_of(products: Iterable[bytes] | None, ids: pa.Array, levels: int) -> dict[bytes, str]:
    """Returns the first levels of the category of each of some products that has any."""
    found: dict[bytes, str] = {}
    wanted = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    for stream in products or ():
        table = from_bytes(stream)
        if "category" not in table.column_names:
            continue
        own = table.filter(pc.is_in(table["product_id"], value_set=wanted))
        for product, category in zip(own["product_id"].to_pylist(), own["category"].to_pylist(), strict=True):
            text = (category or b"").decode("utf-8", "replace")
            if text:
                found[product] = CATEGORY_SEPARATOR.join(text.split(CATEGORY_SEPARATOR)[:levels])
    return found


def by_category(sums: pa.Table, categories: Mapping[bytes, str], form: SeriesForm) -> Iterator[tuple[str, Any]]:
    """Yields (category, units and revenue of each week, float64 `(2, weeks)`)."""
    week = form.weeks.week_of_days(sums["day"].to_numpy().astype(np.int64)) - form.span.first
    inside = (week >= 0) & (week < form.span.weeks)
    names = np.array([categories.get(each, "") for each in sums["product_id"].to_pylist()], object)
    for name in sorted(set(names[inside].tolist()) - {""}):
        own = inside & (names == name)
        values = [np.bincount(week[own], sums[each].to_numpy()[own], form.span.weeks) for each in ("units", "revenue")]
        yield name, np.stack(values)


def add_arrays(arrays: Iterable[Any]) -> Any:
    """Returns the sum of arrays; 0 for none. Associative."""
    return sum(arrays)


def write_categories(found: list[tuple[str, Any]], uri: str, span: Span, build: BuildSeries) -> Counter[str]:
    """Writes a series a category, over all its products; returns how many."""
    found = [(name, values) for name, values in sorted(found) if values[0].any()]
    form = build.form(span)
    units = np.array([values[0] for _, values in found]).reshape(len(found), span.weeks)
    revenue = np.array([values[1] for _, values in found]).reshape(len(found), span.weeks)
    prices = np.divide(revenue, units, out=np.full(units.shape, np.nan), where=units > 0)
    covariates = np.zeros((len(found), (span.weeks + form.horizon) * len(form.covariates)))
    nothing = pa.nulls(len(found), pa.binary())
    table = pa.table(
        {
            "level": pa.array([CATEGORY] * len(found), pa.string()),
            "product_id": nothing,
            "store_id": nothing,
            "category": pa.array([name for name, _ in found], pa.string()),
            "units": list_column(units),
            "prices": list_column(prices),
            "covariates": list_column(covariates),
            **{name: pa.nulls(len(found), pa.float64()) for name in STOCK_NUMBERS},
        },
        SERIES_SCHEMA,
    )
    write_parquet(series_file(uri, None), table)
    return Counter(categories=len(found))


def total_units(
    element: tuple[int, Iterable[bytes]], span: Span, weeks: ShopWeeks, options: DemandSeriesOptions
) -> list[tuple[float, bytes]]:
    """Returns units before the test and id of the best sellers of one bucket, best first."""
    sums = concatenated(element[1])
    if sums is None:
        return []
    end = weeks.first_day_of(span.first + max(span.weeks - options.test_weeks, 0))
    start = weeks.first_day_of(span.first)
    before = pc.and_(pc.less(sums["day"], end), pc.greater_equal(sums["day"], start))
    totals = sums.filter(before).group_by("product_id").aggregate([("units", "sum")])
    pairs = zip(totals["units_sum"].to_pylist(), totals["product_id"].to_pylist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1]))[: options.max_products]


class Best(beam.CombineFn):
    """The ids with the most units; ties go to the smaller id. Memory grows with `most`."""

    def __init__(self, most: int) -> None:
        self._most = most

    def create_accumulator(self) -> list[tuple[float, bytes]]:
        """Returns nothing yet."""
        return []

    def add_input(self, accumulator: list[tuple[float, bytes]], element: list[tuple[float, bytes]]) -> list[Any]:
        """Adds those of a bucket."""
        return self._best([*accumulator, *element])

    def merge_accumulators(self, accumulators: Iterable[list[tuple[float, bytes]]]) -> list[Any]:
        """Adds many."""
        return self._best([pair for each in accumulators for pair in each])

    def extract_output(self, accumulator: list[tuple[float, bytes]]) -> frozenset[bytes]:
        """Returns the ids."""
        return frozenset(product for _, product in accumulator)

    def _best(self, pairs: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
        return sorted(pairs, key=lambda pair: (-pair[0], pair[1]))[: self._most]


def _write_counts(counts: Counter[str], span: Span, uri: str) -> None:
    write_json(f"{uri}/{EXAMPLE_COUNTS_FILE}", {"counts": counts, "first_week": span.first, "weeks": span.weeks})
