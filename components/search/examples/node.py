"""SearchExamples: products, judgements and events become a catalogue and queries with relevant products."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import apache_beam as beam
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from typing_extensions import override

from components.artifacts import Catalogue, Quarantine
from components.errors import InputError
from components.output_folders import make_output_folders
from components.parameters import execution_parameters
from components.products.catalogue import write_catalogue, write_catalogue_facts
from components.search.examples.catalogue import PRODUCT_COLUMNS, SEARCH_CATALOGUE_SCHEMA, build_search_catalogue
from components.search.examples.join_notes import note_missed_events
from components.search.examples.options import SearchExamplesOptions
from components.search.examples.query_examples import EVAL, SPLITS, TEST, TRAIN
from components.search.examples.query_pairs import BLANK_QUERY
from components.search.examples.transform import MakeSearchExamples, QueryTables
from components.tables.notes.unknown_products import describe_unknown_products
from components.tables.quarantine import UNKNOWN_PRODUCT, QuarantineCounts, write_quarantine_counts
from components.tables.read_back import (
    ReadTable,
    concatenated,
    input_files,
)
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE


class SearchExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of SearchExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "products": ChannelParameter(type=standard_artifacts.Examples),
        "judgements": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "events": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "impressions": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class SearchExamplesExecutor(BaseBeamExecutor):
    """Writes the catalogue, then brings the products of each query together in Beam."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the catalogue, the examples and the judgements of unknown products.

        Pairs of a query and a product are cut by a hash of the query into buckets of some 100,000, and a bucket is
        handled in memory: time grows in proportion to the pairs, memory with the bucket plus the products table, which
        one worker holds whole.

        Args:
            input_dict: `products`, and maybe `judgements`, `events` and `impressions`: table artifacts, split `all`,
                Parquet.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train, eval and test, as
                `components.search.examples.query_examples` describes them, and personal
                (`components.search.examples.personal_examples`), which has no file without events;
                `catalogue`; `quarantine`: judgements that
                name no product or no query.
            exec_properties: `options_json`: SearchExamplesOptions. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to train or to evaluate on, or too many judgements of unknown products.
        """
        options = SearchExamplesOptions.model_validate_json(exec_properties["options_json"])
        splits, folders = make_output_folders(output_dict, SPLITS)
        catalogue_uri, quarantine_uri = folders["catalogue"], folders["quarantine"]
        products, judgements, events, impressions = (
            input_files(input_dict, name) for name in ("products", "judgements", "events", "impressions")
        )
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadProducts" >> ReadTable(products, (*PRODUCT_COLUMNS, *options.kept_columns))
                | "GatherProducts" >> beam.combiners.ToList()
                | "WriteCatalogue" >> beam.Map(_write_catalogue, options, catalogue_uri)
            )
        catalogue = load_catalogue(catalogue_uri)
        if not len(catalogue):
            raise InputError("Table `products` has no good row; expected products to search in. See the quarantine.")
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "MakeExamples" >> MakeSearchExamples(
                options,
                QueryTables(judgements, events, impressions),
                catalogue,
                examples=splits,
                catalogue_uri=catalogue_uri,
                quarantine_uri=quarantine_uri,
            )
        counts: Counter[str] = Counter(read_json(f"{catalogue_uri}/{EXAMPLE_COUNTS_FILE}"))
        _check_judgements(counts, options, quarantine_uri, products)
        notes = note_missed_events(counts, events, products)
        _check_queries(counts, options, notes)
        refused = {reason: counts[reason] for reason in (BLANK_QUERY, UNKNOWN_PRODUCT)}
        judged = QuarantineCounts.without_zeros("judgements", counts["judgements"], refused)
        write_quarantine_counts(quarantine_uri, replace(judged, notes=tuple(notes)))
        write_catalogue_facts(
            catalogue_uri,
            {
                "counts": {
                    "products": len(catalogue),
                    "distinct_texts": len(catalogue["text"].unique()),
                    **{name: counts[name] for name in _SHOWN_COUNTS if counts[name]},
                },
                "examples": {TRAIN: counts[TRAIN]}
                | {split: min(counts[split], options.queries.max_evaluation_queries) for split in (EVAL, TEST)},
            },
        )


class SearchExamples(BaseBeamComponent):
    """Turns the tables into queries with relevant products.

    Args:
        products: Table of products.
        options: Where queries come from and how they are split.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        judgements: Table of judged queries.
        events: Table of events, some of which carry a query.
        impressions: Table of what was shown, some of it for a query.

    Outputs `examples` (splits train, eval, test and personal), `catalogue` (which product has which index) and
    `quarantine` (judgements that name no query or no product).
    """

    SPEC_CLASS = SearchExamplesSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SearchExamplesExecutor)

    def __init__(
        self,
        *,
        products: BaseChannel,
        options: SearchExamplesOptions,
        source_digest: str,
        judgements: BaseChannel | None = None,
        events: BaseChannel | None = None,
        impressions: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            SearchExamplesSpec(
                products=products,
                judgements=judgements,
                events=events,
                impressions=impressions,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                catalogue=Channel(type=Catalogue),
                quarantine=Channel(type=Quarantine),
            )
        )


_SHOWN_COUNTS = ("judgements", "events_with_query", "impressions_with_query", "unknown_product_events", "made_queries")


def _write_catalogue(streams: list[bytes], options: SearchExamplesOptions, uri: str) -> None:
    products = concatenated(sorted(streams))
    rows = None if products is None else build_search_catalogue(products, options.text_fields, options.kept_columns)
    write_catalogue(uri, SEARCH_CATALOGUE_SCHEMA.empty_table() if rows is None else rows)


def _check_judgements(
    counts: Counter[str], options: SearchExamplesOptions, quarantine_uri: str, product_paths: Sequence[str]
) -> None:
    unknown, judgements = counts[UNKNOWN_PRODUCT], counts["judgements"]
    if judgements and unknown / judgements > options.max_unknown_product_fraction:
        raise InputError(
            f"Table `judgements`: {unknown:,} of {judgements:,} rows ({unknown / judgements:.1%}) name a product_id "
            f"that table `products` lacks; {options.max_unknown_product_fraction:.1%} may. "
            f"{describe_unknown_products(quarantine_uri, product_paths)} Check that both write ids alike, or raise "
            "`limits.max_unknown_product_fraction`."
        )


def _check_queries(counts: Counter[str], options: SearchExamplesOptions, notes: Sequence[str]) -> None:
    """Checks that every split has a query; `notes` may say why one has none."""
    why = "".join(f" {note}" for note in notes)
    otherwise = (
        "raise `tasks.search.queries.eval_fraction` and `.test_fraction`"
        if options.queries.pseudo_queries == "always"
        else "set `tasks.search.queries.pseudo_queries: always` to make some from the catalogue's texts"
    )
    for split, use in ((TRAIN, "train on"), (EVAL, "validate on"), (TEST, "test on")):
        if not counts[split]:
            found = sum(counts[name] for name in SPLITS)
            raise InputError(
                f"Search has no query to {use}: {found:,} queries were found in all.{why} "
                f"Give more judgements or events with a query, or {otherwise}."
            )
