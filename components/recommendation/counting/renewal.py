"""A catalogue as it was, with sales, prices and stock as they are now, and with products that are new."""

from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError
from components.events.buckets import COUNTS
from components.events.checks import check_events
from components.events.counts import read_event_counts
from components.events.moments import SplitMoments
from components.events.product_sums import SumByProduct
from components.events.users_together import BringUsersTogether, TablePaths
from components.products.catalogue import (
    Popularity,
    build_catalogue,
    by_product_id,
    write_catalogue,
    write_catalogue_facts,
)
from components.recommendation.examples.catalogue import DECAYED, PRODUCT_COLUMNS, count_column, no_counts
from components.recommendation.examples.catalogue_steps import CountProducts
from components.recommendation.examples.checks import choose_time_column
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.recommendation.examples.product_statistics import STATISTICS, statistics_column
from components.tables.read_back import concatenated, from_bytes
from serving.graph.time_units import HOUR_SECONDS
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.names import PRODUCT_STATISTICS_FILE
from trainer.artifacts.parquet_files import read_parquet, write_parquet

# Of the one moment that is counted up to, `CountProducts` gives the statistics twice: as a window's and as the test's.
_NOW = 1


def renew_catalogue(
    pipeline: beam.Pipeline,
    options: RecommendationExamplesOptions,
    tables: TablePaths,
    *,
    earlier_uri: str,
    uri: str,
    quarantine_uri: str,
    known_ids: pa.Array | None = None,
) -> beam.PCollection[Any]:
    """Adds the counting of all events of the tables to a pipeline; `check_renewed` comes when it has run.

    Events count up to the end of the hour of the latest one: there is no test period. Time grows with the events, and
    memory as in RecommendationExamples.

    Args:
        pipeline: The pipeline.
        options: Event types and their weights.
        tables: Events, and products where there is such a table.
        earlier_uri: The catalogue that the model was trained with.
        uri: Folder of the renewed one.
        quarantine_uri: Where events of products go that the products table lacks.
        known_ids: Ids (binary) of all products that there were when the model was trained, whether it learned them or
            not: of the products table, what is not among them comes in. None where nothing comes in.

    Raises:
        InputError: The events have no times.
    """
    if choose_time_column(tables.events, options.split) != "timestamp":
        raise InputError(
            "Counts are renewed by the age of events, which only times tell, and table `events` has positions. Use "
            "`shelfwise run`."
        )
    events = options.event_options(None)
    users = pipeline | "BringUsersTogether" >> BringUsersTogether(
        tables,
        events,
        time_column="timestamp",
        product_columns=(*PRODUCT_COLUMNS, *options.exposure_columns),
        quarantine_uri=quarantine_uri,
        counts_uri=uri,
    )
    moments = beam.pvalue.AsSingleton(users.events_by_hour | "FindNow" >> beam.Map(_now))
    once = options.model_copy(update={"ranker_windows": 1})
    counted = users.buckets | "CountProducts" >> beam.ParDo(CountProducts(once), moments).with_outputs(
        COUNTS, main="products"
    )
    summed = counted["products"] | "AddUpProducts" >> beam.CombineGlobally(SumByProduct())
    return summed | "WriteRenewed" >> beam.ParDo(_Write(options, earlier_uri, uri, known_ids), moments, users.products)


def check_renewed(uri: str, options: RecommendationExamplesOptions, quarantine_uri: str, tables: TablePaths) -> None:
    """Checks the events as a run does.

    Raises:
        InputError: There is none, too many are of unknown products, or they cannot be weighed.
    """
    check_events(
        read_event_counts(uri),
        options.event_options(None),
        quarantine_uri=quarantine_uri,
        product_paths=tables.products,
    )


def _now(events_by_hour: dict[int, int]) -> SplitMoments:
    end = (max(events_by_hour, default=0) + 1) * HOUR_SECONDS
    return SplitMoments(end, end)


class _Write(beam.DoFn):
    """The merged counts to the catalogue artifact; holds the products table in memory, as a run does."""

    def __init__(
        self, options: RecommendationExamplesOptions, earlier_uri: str, uri: str, known_ids: pa.Array | None
    ) -> None:
        self._options, self._earlier_uri, self._uri, self._known_ids = options, earlier_uri, uri, known_ids

    def process(self, counts: bytes | None, moments: SplitMoments, products: Any | None) -> None:
        """Handles the one element there is."""
        counted = no_counts(len(self._options.event_types)) if counts is None else from_bytes(counts)
        table = concatenated(sorted(products)) if products is not None else None
        earlier = load_catalogue(self._earlier_uri)
        catalogue = earlier
        if table is not None and self._known_ids is not None:
            catalogue = with_new_products(earlier, table, self._known_ids, self._options)
        catalogue = renewed(catalogue, counted, table, self._options)
        write_catalogue(self._uri, catalogue)
        statistics = read_parquet(f"{self._earlier_uri}/{PRODUCT_STATISTICS_FILE}")
        statistics = _statistics_of(statistics, places_of(catalogue, earlier))
        write_parquet(f"{self._uri}/{PRODUCT_STATISTICS_FILE}", _renewed_statistics(statistics, counted, catalogue))
        facts = load_catalogue_facts(self._earlier_uri)
        # Rules are counted up to this moment too.
        write_catalogue_facts(self._uri, {**facts, "test_start": moments.test_start})


def with_new_products(
    catalogue: pa.Table, products: pa.Table, known_ids: pa.Array, options: RecommendationExamplesOptions
) -> pa.Table:
    """Returns a catalogue with the products of a table that are not among the known ones, however few events they have.

    Args:
        catalogue: As it was, with `CATALOGUE_SCHEMA`.
        products: The products table with plain columns.
        known_ids: binary.
        options: Which columns make up the text.

    Returns:
        The catalogue, in byte order of product ids; what it had is as it was.
    """
    known = pc.is_in(products["product_id"].cast(pa.binary()), value_set=known_ids)
    new = products.filter(pc.invert(known))
    added = build_catalogue(new, Popularity.none(len(new)), options.text_fields, list(catalogue.schema))
    return by_product_id(pa.concat_tables([catalogue.cast(added.schema), added])).cast(added.schema)


def renewed(
    catalogue: pa.Table, counts: pa.Table, products: pa.Table | None, options: RecommendationExamplesOptions
) -> pa.Table:
    """Returns a catalogue with the same products in the same order, and other numbers.

    Args:
        catalogue: With `CATALOGUE_SCHEMA`.
        counts: What `CountProducts` counted: product_id (binary), count_N and weekly_decayed.
        products: The products table with plain columns; None where a shop has none. A product that it lacks is not
            recommended any more.
        options: Event weights.
    """
    place = places_of(catalogue, counts)
    by_type = [_taken(counts, count_column(number), place) for number in range(len(options.event_types))]
    weights = options.weights()
    columns = {
        "event_count": sum(by_type[1:], start=by_type[0]),
        "popularity": np.maximum(sum(weight * values for weight, values in zip(weights, by_type, strict=True)), 0.0),
        "decayed_popularity": np.maximum(_taken(counts, DECAYED, place), 0.0),
    }
    for name, values in columns.items():
        catalogue = _replaced(catalogue, name, pa.array(values))
    if products is None:
        return catalogue
    row = places_of(catalogue, products)
    for name, missing in (("price", None), ("in_stock", True), ("recommendable", True)):
        if name in products.column_names:
            before = catalogue[name].combine_chunks()
            now = products[name].combine_chunks().take(row).cast(before.type)
            # A price that is not told is the old one; a product whose stock is not told is there.
            now = pc.coalesce(now, before if missing is None else pa.scalar(missing))
            catalogue = _replaced(catalogue, name, pc.if_else(pc.is_valid(row), now, before))
    listed = pc.and_(pc.is_valid(row), catalogue["recommendable"].combine_chunks())
    return _replaced(catalogue, "recommendable", listed)


def _statistics_of(statistics: pa.Table, place: pa.Array) -> pa.Table:
    """Returns the statistics of each product of a catalogue; one that is new sold as the others did in the mean.

    Nothing is known of it yet, as of a number that is missing. Zeros would say that nobody wanted it, and would move
    the mean and the deviation by which all products are scaled.

    Args:
        statistics: Of the earlier products.
        place: The earlier row of each product of the catalogue, null for a new one.
    """
    columns = {}
    for name in statistics.column_names:
        values = statistics[name].combine_chunks()
        mean = np.expm1(np.log1p(values.to_numpy()).mean())
        columns[name] = pc.fill_null(values.take(place), pa.scalar(mean, values.type))
    return pa.table(columns)


def _renewed_statistics(statistics: pa.Table, counts: pa.Table, catalogue: pa.Table) -> pa.Table:
    """Returns the statistics of all moments, those of the last one counted anew: the last one is what serves."""
    last = max(int(name.rpartition("_")[2]) for name in statistics.column_names)
    place = places_of(catalogue, counts)
    for name in STATISTICS:
        values = pa.array(_taken(counts, statistics_column(name, _NOW), place), pa.float32())
        statistics = _replaced(statistics, statistics_column(name, last), values)
    return statistics


def places_of(catalogue: pa.Table, rows: pa.Table) -> pa.Array:
    """Returns the row of each product of the catalogue in another table, null for one that is not there."""
    ids = rows["product_id"].combine_chunks().cast(pa.binary())
    return pc.index_in(catalogue["product_id"].cast(pa.binary()).combine_chunks(), value_set=ids)


def _taken(counts: pa.Table, name: str, place: pa.Array) -> Any:
    return pc.fill_null(counts[name].combine_chunks().take(place), 0).to_numpy(zero_copy_only=False)


def _replaced(table: pa.Table, name: str, values: Any) -> pa.Table:
    field = table.schema.field(name)
    return table.set_column(table.column_names.index(name), field, values.cast(field.type))
