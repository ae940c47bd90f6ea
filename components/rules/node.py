"""BasketRules: which products, and which categories, are bought together."""

import logging
from typing import Any, ClassVar

import apache_beam as beam
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import AssociationRules, Catalogue
from components.parameters import execution_parameters
from components.rules.basket_making import EVENT_COUNTS, MakeBaskets
from components.rules.categories.steps import CATEGORY_PRODUCTS_SCHEMA, CountCategoryProducts
from components.rules.facts import write_rules_facts
from components.rules.level_mining import MineLevel
from components.rules.options import Level, RulesOptions
from components.rules.rule_tables import ITEMSETS_SCHEMA, RULES_SCHEMA
from components.tables.read_back import table_files
from trainer.artifacts.catalogue import load_catalogue_facts
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import CATEGORY_PRODUCTS_PREFIX, ITEMSETS_PREFIX, PARQUET_SUFFIX, RULES_PREFIX

_EVENTS = "events"
_COUNTS_FILE = "counts.json"

_logger = logging.getLogger(__name__)


class BasketRulesSpec(ComponentSpec):
    """Inputs, outputs and parameters of BasketRules."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, time_zone=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"rules": ChannelParameter(type=AssociationRules)}


class BasketRulesExecutor(BaseBeamExecutor):
    """Mines itemsets and rules in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the frequent itemsets and the rules of what was bought before the validation period.

        Where a level has more itemsets than allowed, all is mined again with twice its support, until it has fewer.
        Time grows in proportion to the events and to the itemsets found; `MakeBaskets` and `MineLevel` say what a
        worker holds in memory.

        Args:
            input_dict: `events`: table artifact, split `all`, Parquet. `catalogue`: the products, and the moments up
                to which events count.
            output_dict: `rules`: `itemsets-*.parquet` with `ITEMSETS_SCHEMA` and `rules-*.parquet` with
                `RULES_SCHEMA`, rows in no particular order; with the level category also `category_products-*.parquet`
                with `CATEGORY_PRODUCTS_SCHEMA`; `rules.json` with the options, and counts of what was read
                and found by level.
            exec_properties: `options_json`: RulesOptions. `time_zone`: where days begin and end. `source_digest` only
                keys the cache.
        """
        options = RulesOptions.model_validate_json(exec_properties["options_json"])
        uri = get_single_instance(output_dict["rules"]).uri
        raised: dict[Level, int] = {}
        while True:
            fileio.makedirs(uri)
            counts = self._mine(options, input_dict, exec_properties["time_zone"], uri)
            crowded: dict[Level, int] = {
                level: counts[level]["min_count"]
                for level in options.levels
                if counts[level]["itemsets"] > options.max_itemsets
            }
            if not crowded:
                break
            _logger.warning("More than %d itemsets; mining with twice the support: %s", options.max_itemsets, crowded)
            raised = crowded | raised
            options = options.with_more_support(crowded)
            fileio.rmtree(uri)
        write_rules_facts(
            uri,
            {
                "options": options.model_dump(mode="json"),
                "events": {name: counts[_EVENTS].get(name, 0) for name in EVENT_COUNTS},
                "levels": {
                    level: counts[level] | ({"raised_from": raised[level]} if level in raised else {})
                    for level in options.levels
                },
            },
        )

    def _mine(
        self, options: RulesOptions, input_dict: dict[str, list[Artifact]], time_zone: str, uri: str
    ) -> dict[str, dict[str, int]]:
        """Writes the tables, and returns what was counted of events and levels, by name."""
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        events = table_files(get_single_instance(input_dict["events"]))
        facts = load_catalogue_facts(catalogue_uri)
        with self._make_beam_pipeline() as pipeline:
            made = pipeline | "MakeBaskets" >> MakeBaskets(
                events, catalogue_uri, facts, options.max_basket_products, time_zone
            )
            counts = {_EVENTS: made.counts}
            tables = []
            for level in options.levels:
                mined = made.baskets | f"Mine{level.capitalize()}Level" >> MineLevel(options, level, catalogue_uri)
                counts[level] = mined.counts
                tables.append(mined)
            if "category" in options.levels:
                _ = (
                    made.baskets
                    | "CountCategoryProducts" >> CountCategoryProducts(options, catalogue_uri)
                    | "WriteCategoryProducts"
                    >> beam.io.WriteToParquetBatched(
                        f"{uri}/{CATEGORY_PRODUCTS_PREFIX}", CATEGORY_PRODUCTS_SCHEMA, file_name_suffix=PARQUET_SUFFIX
                    )
                )
            for name, schema in ((ITEMSETS_PREFIX, ITEMSETS_SCHEMA), (RULES_PREFIX, RULES_SCHEMA)):
                _ = (
                    [getattr(mined, name) for mined in tables]
                    | f"Gather{name.capitalize()}" >> beam.Flatten()
                    | f"Write{name.capitalize()}"
                    >> beam.io.WriteToParquetBatched(f"{uri}/{name}", schema, file_name_suffix=PARQUET_SUFFIX)
                )
            _ = (
                [part | f"Name{name.capitalize()}Counts" >> beam.Map(_named, name) for name, part in counts.items()]
                | "GatherCounts" >> beam.Flatten()
                | "BringCountsTogether" >> beam.combiners.ToList()
                | "WriteCounts" >> beam.Map(_write_counts, uri)
            )
        found: dict[str, dict[str, int]] = read_json(f"{uri}/{_COUNTS_FILE}")
        fileio.remove(f"{uri}/{_COUNTS_FILE}")
        return found


class BasketRules(BaseBeamComponent):
    """Mines which products are bought together.

    Args:
        events: Table of events.
        catalogue: The products, and the moments up to which events count.
        options: What is mined, and which rules are kept.
        time_zone: Where days begin and end: what a user bought on one is a basket, if it has no basket_id.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Output `rules` (components.artifacts.AssociationRules).
    """

    SPEC_CLASS = BasketRulesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(BasketRulesExecutor)

    def __init__(
        self,
        *,
        events: BaseChannel,
        catalogue: BaseChannel,
        options: RulesOptions,
        time_zone: str,
        source_digest: str,
    ) -> None:
        super().__init__(
            BasketRulesSpec(
                events=events,
                catalogue=catalogue,
                options_json=options.model_dump_json(),
                time_zone=time_zone,
                source_digest=source_digest,
                rules=Channel(type=AssociationRules),
            )
        )


def _named(counts: dict[str, int], name: str) -> tuple[str, dict[str, int]]:
    return name, dict(counts)


def _write_counts(counts: list[tuple[str, dict[str, int]]], uri: str) -> None:
    write_json(f"{uri}/{_COUNTS_FILE}", dict(counts))
