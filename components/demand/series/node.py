"""DemandExamples: events, promotions and stock become weekly series."""

from collections import Counter
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import Catalogue, Quarantine
from components.demand.series.building import covariate_names, is_planned
from components.demand.series.options import DemandSeriesOptions
from components.demand.series.transform import DemandPaths, MakeSeries
from components.demand.series.weeks import ShopWeeks, Span
from components.errors import InputError
from components.events.checks import check_events, check_has_events, quarantine_counts
from components.events.counts import EventCounts, read_event_counts
from components.events.options import EventOptions
from components.output_folders import make_output_folders
from components.parameters import Parameter, execution_parameters
from components.products.catalogue import Popularity, build_catalogue, write_catalogue, write_catalogue_facts
from components.tables.quarantine import write_quarantine_counts
from components.tables.read_back import column_has_values, table_batches, table_columns
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE, PARQUET_SUFFIX
from trainer.artifacts.parquet_files import read_parquet
from trainer.demand.series_files import SERIES_SPLIT

_PRODUCT_COLUMNS = (
    "product_id",
    "title",
    "category",
    "brand",
    "description",
    "price",
    "in_stock",
    "sku",
    "review_phrases",
)
_MOST_PLACEMENTS = 8
# Weeks to learn from before the test: something to look back on, and a horizon.
_LEAST_PAST = 4


class DemandExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of DemandExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, user_id_key=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "promotions": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "stock": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class DemandExamplesExecutor(BaseBeamExecutor):
    """Adds purchases up by product and week in Beam, and puts what is planned and what is in stock beside them."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the series, the products and the events of unknown products.

        Products are dealt out to buckets of some 100,000 events by a hash of their ids, and a bucket is handled in
        memory; so is the products table, which one worker holds whole.

        Args:
            input_dict: `events`, and maybe `products`, `promotions` and `stock`: table artifacts, split `all`, Parquet.
            output_dict: `examples`: Parquet files with `components.demand.series.building.SERIES_SCHEMA` in the split
                series: one row a series of a product, and one a category. `catalogue`: the products, with
                `trainer.artifacts.catalogue.CATALOGUE_SCHEMA`, and as facts the weeks and the covariates.
                `quarantine`: events of unknown products.
            exec_properties: `options_json`: DemandSeriesOptions. `user_id_key`: key of the hash that stands for a user
                id in the quarantine, empty for plain ids. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to learn from or to test on.
        """
        options = DemandSeriesOptions.model_validate_json(exec_properties["options_json"])
        key = exec_properties["user_id_key"] or None
        splits, folders = make_output_folders(output_dict, [SERIES_SPLIT])
        tables = DemandPaths.of(input_dict)
        _check_columns(tables, options)
        placements = _placements(tables.promotions)
        discounted = bool(tables.promotions) and column_has_values(tables.promotions, "discount")
        promoted_until = _latest_end(tables.promotions)
        priced = column_has_values(tables.events, "price")
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeSeries" >> MakeSeries(
                options,
                tables,
                placements=placements,
                discounted=discounted,
                promoted_until=promoted_until,
                priced=priced,
                user_id_key=key,
                examples=splits[SERIES_SPLIT],
                catalogue=folders["catalogue"],
                quarantine=folders["quarantine"],
            )
        events = read_event_counts(folders["catalogue"])
        borne = EventOptions(
            event_types=(options.bought_event_type,),
            max_unknown_product_fraction=options.max_unknown_product_fraction,
            user_id_key=key,
        )
        check_events(events, borne, quarantine_uri=folders["quarantine"], product_paths=tables.products)
        made = read_json(f"{folders['catalogue']}/{EXAMPLE_COUNTS_FILE}")
        counts, weeks = Counter(made["counts"]), made["weeks"]
        _check(counts, weeks, options)
        _write_products(folders["catalogue"], splits[SERIES_SPLIT], tables.products, options)
        names = covariate_names(priced=priced, discounted=discounted, placements=placements, weeks=weeks)
        write_catalogue_facts(folders["catalogue"], _facts(made, counts, names, promoted_until, events, options))
        write_quarantine_counts(folders["quarantine"], quarantine_counts(events))


class DemandExamples(BaseBeamComponent):
    """Turns the tables into weekly series, by `DemandSeriesOptions`.

    Args:
        events: Table of events.
        options: How they become series.
        user_id_key: Key of the hash that stands for a user id in the quarantine; empty writes ids plainly.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        products: Table of products; without it the products are the ids in events.
        promotions: Table of planned promotions.
        stock: Table of what is in stock.

    `outputs` has `examples` (split series), `catalogue` and `quarantine`.
    """

    SPEC_CLASS = DemandExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(DemandExamplesExecutor)

    def __init__(
        self,
        *,
        events: BaseChannel,
        options: DemandSeriesOptions,
        user_id_key: Parameter,
        source_digest: str,
        products: BaseChannel | None = None,
        promotions: BaseChannel | None = None,
        stock: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            DemandExamplesSpec(
                events=events,
                products=products,
                promotions=promotions,
                stock=stock,
                options_json=options.model_dump_json(),
                user_id_key=user_id_key,
                source_digest=source_digest,
                **{name: Channel(type=output.type) for name, output in DemandExamplesSpec.OUTPUTS.items()},
            )
        )


def _check_columns(tables: DemandPaths, options: DemandSeriesOptions) -> None:
    check_has_events(tables.events)
    if not column_has_values(tables.events, "timestamp"):
        raise InputError("Table `events` has no timestamps, which demand needs: it adds purchases up by week.")
    if options.by_store and not column_has_values(tables.events, "store_id"):
        raise InputError(
            "Table `events` has no `store_id`, which `tasks.demand.by_store` needs. Give it that column, or leave "
            "`by_store` out."
        )


def _placements(paths: list[str]) -> tuple[str, ...]:
    """Returns the placements with the most rows, in order of name; one batch is in memory at a time."""
    if not paths or "placement" not in table_columns(paths):
        return ()
    counts: Counter[str] = Counter()
    for batch in table_batches(paths, ["placement"]):
        for entry in pc.value_counts(batch["placement"]).to_pylist():
            if entry["values"]:
                counts[entry["values"].decode("utf-8", "replace")] += entry["counts"]
    return tuple(sorted(name for name, _ in counts.most_common(_MOST_PLACEMENTS)))


def _latest_end(paths: list[str]) -> int:
    """Returns when the last promotion ends, in Unix seconds; 0 without any."""
    ends = (pc.max(batch["end"]).as_py() for batch in table_batches(paths, ["end"])) if paths else ()
    return max((end for end in ends if end is not None), default=0)


def _check(counts: Counter[str], weeks: int, options: DemandSeriesOptions) -> None:
    least = options.test_weeks + options.horizon + _LEAST_PAST
    if weeks < least:
        raise InputError(
            f"Table `events` covers {weeks} whole weeks; demand needs {least}: {options.test_weeks} to test on, "
            f"{options.horizon} to learn the horizon from, and {_LEAST_PAST} before. Give more events, or set shorter "
            "`tasks.demand.test_weeks` and `tasks.demand.horizon`."
        )
    if not counts["series"]:
        zeros = f"; {counts['series_of_zeros']:,} have only purchases of 0 pieces" if counts["series_of_zeros"] else ""
        raise InputError(
            f"Table `events` should have purchases, rows with the event_type `{options.bought_event_type}` and a "
            f"quantity above 0, to learn demand from. No product has any in {weeks} whole weeks{zeros}. Set "
            "`tasks.demand.bought_event_type` to the name of a purchase."
        )


def _write_products(uri: str, series_uri: str, paths: list[str], options: DemandSeriesOptions) -> None:
    """Writes the catalogue; holds the products table in memory, as every served model does."""
    if paths:
        present = set(table_columns(paths))
        columns = [name for name in _PRODUCT_COLUMNS if name in present]
        products = pa.Table.from_batches(list(table_batches(paths, columns)))
    else:
        ids = read_parquet(f"{series_uri}/series-*{PARQUET_SUFFIX}", ["product_id"])["product_id"]
        products = pa.table({"product_id": pc.unique(ids)})
    write_catalogue(uri, build_catalogue(products, Popularity.none(len(products)), options.text_fields))


def _facts(
    made: dict[str, Any],
    counts: Counter[str],
    names: tuple[str, ...],
    promoted_until: int,
    events: EventCounts,
    options: DemandSeriesOptions,
) -> dict[str, Any]:
    weeks = made["weeks"]
    test = weeks - options.test_weeks
    begins = ShopWeeks(options.time_zone, options.week_start)
    notes = []
    if counts["absurd_weeks"]:
        notes.append(
            f"{counts['absurd_weeks']:,} weeks of a product sell over 100 times its next best week, and over 1,000 "
            "pieces: they count as not known. Check the quantities."
        )
    if counts["series_of_zeros"]:
        notes.append(f"{counts['series_of_zeros']:,} products have purchases of 0 pieces only, and are left out.")
    return {
        "weeks": weeks,
        "horizon": options.horizon,
        "test_week": test,
        "first_day": begins.begin(made["first_week"]).isoformat(),
        "covariates": list(names),
        "promotions_planned": is_planned(promoted_until, Span(made["first_week"], weeks), begins),
        "counts": {
            "events": events.events,
            "series": counts["series"],
            "categories": counts["categories"],
            "weeks": weeks,
            "weeks_out_of_stock": counts["weeks_out_of_stock"],
            "rows_of_too_many_pieces": counts["rows_of_too_many_pieces"],
        },
        "examples": {"train": counts["series"] * max(test, 0), "test": counts["series"] * options.test_weeks},
        "notes": notes,
    }
