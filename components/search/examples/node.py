"""SearchExamples: products, judgements and events become a catalogue and queries with relevant products."""

from collections import Counter
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from typing_extensions import override

from components.artifacts import Catalogue, Quarantine
from components.errors import InputError
from components.events.counts import SumCounters
from components.events.examples_node import make_folders
from components.products.catalogue import write_catalogue, write_catalogue_facts
from components.search.examples.catalogue import PRODUCT_COLUMNS, SEARCH_CATALOGUE_SCHEMA, build_search_catalogue
from components.search.examples.options import SearchExamplesOptions
from components.search.examples.query_examples import EVAL, SPLITS, TEST, TRAIN, MakeQueryExamples
from components.search.examples.query_pairs import (
    BLANK_QUERY,
    COUNTS,
    QUARANTINED,
    MakeQueries,
    PairEvents,
    PairJudgements,
    batched,
    distinct_texts,
)
from components.tables.quarantine import UNKNOWN_PRODUCT, TableCounts, WriteQuarantine, write_quarantine_counts
from components.tables.read_back import (
    ReadTable,
    bucket_count,
    column_has_values,
    concatenated,
    input_files,
    table_rows,
    to_bytes,
)
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE

_TEXTS_AT_ONCE = 4096


class SearchExamplesSpec(ComponentSpec):
    """Inputs, outputs and parameters of SearchExamples."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "options_json": ExecutionParameter(type=str),
        "source_digest": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "products": ChannelParameter(type=standard_artifacts.Examples),
        "judgements": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "events": ChannelParameter(type=standard_artifacts.Examples, optional=True),
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
            input_dict: `products`, and maybe `judgements` and `events`: table artifacts, split `all`, Parquet.
            output_dict: `examples`: gzipped TFRecord of tf.Example in the splits train, eval and test, as
                `components.search.examples.query_examples` describes them; `catalogue`; `quarantine`: judgements that
                name no product or no query.
            exec_properties: `options_json`: SearchExamplesOptions. `source_digest` only keys the cache.

        Raises:
            InputError: The tables hold nothing to train or to evaluate on, or too many judgements of unknown products.
        """
        options = SearchExamplesOptions.model_validate_json(exec_properties["options_json"])
        splits, folders = make_folders(output_dict, SPLITS)
        catalogue_uri, quarantine_uri = folders["catalogue"], folders["quarantine"]
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadProducts" >> ReadTable(input_files(input_dict, "products"), PRODUCT_COLUMNS)
                | "GatherProducts" >> beam.combiners.ToList()
                | "WriteCatalogue" >> beam.Map(_write_catalogue, options, catalogue_uri)
            )
        catalogue = load_catalogue(catalogue_uri)
        if not len(catalogue):
            raise InputError("Table `products` has no good row; expected products to search in. See the quarantine.")
        counts = self._write_examples(input_dict, catalogue, options, splits, quarantine_uri, catalogue_uri)
        _check(counts, options)
        refused = {reason: counts[reason] for reason in (BLANK_QUERY, UNKNOWN_PRODUCT[0])}
        write_quarantine_counts(quarantine_uri, TableCounts.without_zeros("judgements", counts["judgements"], refused))
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

    def _write_examples(
        self,
        input_dict: dict[str, list[Artifact]],
        catalogue: pa.Table,
        options: SearchExamplesOptions,
        uris: dict[str, str],
        quarantine_uri: str,
        catalogue_uri: str,
    ) -> Counter[str]:
        judgements = input_files(input_dict, "judgements")
        events = [path for path in input_files(input_dict, "events") if column_has_values([path], "query")]
        asked_rows = table_rows(judgements) + table_rows(events)
        wanted = options.queries.pseudo_queries
        texts = distinct_texts(catalogue) if wanted == "always" or (wanted == "auto" and not asked_rows) else []
        made_rows = len(catalogue) * (1 + options.queries.pseudo_queries_per_text) if texts else 0
        buckets = bucket_count(asked_rows + made_rows)
        counts_path = f"{catalogue_uri}/{EXAMPLE_COUNTS_FILE}"
        with self._make_beam_pipeline() as pipeline:
            ids = beam.pvalue.AsSingleton(
                pipeline
                | "NameCatalogue" >> beam.Create([catalogue_uri])
                | "ReadProductIds" >> beam.Map(_read_product_ids)
            )
            sources = []
            if judgements:
                sources.append(
                    pipeline
                    | "ReadJudgements" >> ReadTable(judgements)
                    | "PairJudgements"
                    >> beam.ParDo(PairJudgements(buckets), ids).with_outputs(QUARANTINED, COUNTS, main="pairs")
                )
                _ = sources[-1][QUARANTINED] | "WriteQuarantine" >> WriteQuarantine(quarantine_uri)
            if events:
                sources.append(
                    pipeline
                    | "ReadEvents" >> ReadTable(events, ("query", "product_id"))
                    | "PairEvents" >> beam.ParDo(PairEvents(buckets), ids).with_outputs(COUNTS, main="pairs")
                )
            if texts:
                sources.append(
                    pipeline
                    | "ListTexts" >> beam.Create(list(batched(texts, _TEXTS_AT_ONCE)), reshuffle=True)
                    | "MakeQueries" >> beam.ParDo(MakeQueries(options, buckets)).with_outputs(COUNTS, main="pairs")
                )
            pairs = [source["pairs"] for source in sources] or [pipeline | "NoPairs" >> beam.Create([])]
            made = pairs | "GatherPairs" >> beam.Flatten() | MakeQueryExamples(options.queries)
            for split in SPLITS:
                _ = made[split] | f"Write_{split}" >> beam.io.WriteToTFRecord(
                    f"{uris[split]}/examples", file_name_suffix=".gz"
                )
            _ = (
                [made[COUNTS], *(source[COUNTS] for source in sources)]
                | "GatherCounts" >> beam.Flatten()
                | "AddUpCounts" >> beam.CombineGlobally(SumCounters())
                | "WriteCounts" >> beam.Map(_write_counts, counts_path)
            )
        return Counter(read_json(counts_path))


class SearchExamples(BaseBeamComponent):
    """Turns the tables into queries with relevant products.

    Args:
        products: Table of products.
        options: Where queries come from and how they are split.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        judgements: Table of judged queries.
        events: Table of events, some of which carry a query.

    Outputs `examples` (splits train, eval and test), `catalogue` (which product has which index) and `quarantine`
    (judgements that name no query or no product).
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
    ) -> None:
        super().__init__(
            SearchExamplesSpec(
                products=products,
                judgements=judgements,
                events=events,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                examples=Channel(type=standard_artifacts.Examples),
                catalogue=Channel(type=Catalogue),
                quarantine=Channel(type=Quarantine),
            )
        )


_SHOWN_COUNTS = ("judgements", "events_with_query", "unknown_product_events", "made_queries")


def _write_catalogue(streams: list[bytes], options: SearchExamplesOptions, uri: str) -> None:
    products = concatenated(sorted(streams))
    rows = None if products is None else build_search_catalogue(products, options.text_fields)
    write_catalogue(uri, SEARCH_CATALOGUE_SCHEMA.empty_table() if rows is None else rows)


def _read_product_ids(uri: str) -> bytes:
    return to_bytes(load_catalogue(uri, ["product_id"]).combine_chunks())


def _write_counts(counts: Counter[str], path: str) -> None:
    write_json(path, counts)


def _check(counts: Counter[str], options: SearchExamplesOptions) -> None:
    unknown, judgements = counts[UNKNOWN_PRODUCT[0]], counts["judgements"]
    if judgements and unknown / judgements > options.max_unknown_product_fraction:
        raise InputError(
            f"Table `judgements`: {unknown:,} of {judgements:,} rows ({unknown / judgements:.1%}) name a product_id "
            f"that table `products` lacks; {options.max_unknown_product_fraction:.1%} may. Check that both write ids "
            "alike, or raise `limits.max_unknown_product_fraction`."
        )
    otherwise = (
        "raise `tasks.search.queries.eval_fraction` and `.test_fraction`"
        if options.queries.pseudo_queries == "always"
        else "set `tasks.search.queries.pseudo_queries: always` to make some from the catalogue's texts"
    )
    for split, use in ((TRAIN, "train on"), (EVAL, "validate on"), (TEST, "test on")):
        if not counts[split]:
            raise InputError(
                f"Search has no query to {use}: {sum(counts[name] for name in SPLITS):,} queries were found in all. "
                f"Give more judgements or events with a query, or {otherwise}."
            )
