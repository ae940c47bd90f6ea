"""The Beam transform behind SearchExamples: from tables with queries, or the catalogue's texts, to examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa

from components.events.counts import SumCounters
from components.search.examples.behaviour import BEHAVIOUR_COLUMNS
from components.search.examples.made_queries import MakeQueries, TextsToAskFor, texts_to_ask_for
from components.search.examples.options import SearchExamplesOptions
from components.search.examples.personal_examples import WritePersonalExamples
from components.search.examples.query_examples import PERSONAL, QUERY_SPLITS, MakeQueryExamples
from components.search.examples.query_pairs import (
    COUNTS,
    QUARANTINED,
    PairEvents,
    PairJudgements,
    batched,
)
from components.search.examples.shown import PairShown
from components.tables.quarantine import WriteQuarantine
from components.tables.read_back import ReadTable, bucket_count, column_has_values, table_rows, to_bytes
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import EXAMPLE_COUNTS_FILE, EXAMPLES_PREFIX, EXAMPLES_SUFFIX

_TEXTS_AT_ONCE = 4096
_PAIRS = "pairs"


class QueryTables(NamedTuple):
    """Parquet files of the tables that may have queries; a table that a shop lacks has none."""

    judgements: Sequence[str]
    events: Sequence[str]
    impressions: Sequence[str] = ()


class MakeSearchExamples(beam.PTransform):
    """Reads queries, or makes some, brings the products of each together, and writes examples, quarantine and counts.

    Pairs of a query and a product travel as Arrow IPC streams in buckets of queries; each worker holds the catalogue's
    ids.

    Args:
        options: Where queries come from and how they are split.
        tables: What to read.
        catalogue: The table that was written under `catalogue_uri`.
        examples: Folder of each split to write into.
        catalogue_uri: The catalogue's folder, where counts are written too.
        quarantine_uri: The quarantine's folder.
    """

    def __init__(
        self,
        options: SearchExamplesOptions,
        tables: QueryTables,
        catalogue: pa.Table,
        *,
        examples: Mapping[str, str],
        catalogue_uri: str,
        quarantine_uri: str,
    ) -> None:
        super().__init__()
        self._options, self._examples = options, examples
        self._catalogue_uri, self._quarantine_uri = catalogue_uri, quarantine_uri
        self._judgements = tables.judgements
        self._events = [path for path in tables.events if column_has_values([path], "query")]
        # Without an outcome that is asked for, impressions say nothing.
        read = tables.impressions if options.queries.shown_outcome is not None else ()
        self._impressions = [path for path in read if column_has_values([path], "query")]
        asked_rows = sum(table_rows(paths) for paths in (self._judgements, self._events, self._impressions))
        wanted = options.queries.pseudo_queries
        made = wanted == "always" or (wanted == "auto" and not asked_rows)
        self._asked_for = texts_to_ask_for(catalogue, options.queries) if made else TextsToAskFor([], 0, frozenset())
        made_rows = sum(len(products) for _, products in self._asked_for.texts) * (1 + self._asked_for.per_text)
        self._buckets = bucket_count(asked_rows + made_rows)

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        sources = self._sources(pipeline)
        pairs = [pairs for pairs, _ in sources] or [pipeline | "NoPairs" >> beam.Create([])]
        made = pairs | "GatherPairs" >> beam.Flatten() | MakeQueryExamples(self._options.queries)
        for split in QUERY_SPLITS:
            _ = made[split] | f"Write_{split}" >> beam.io.WriteToTFRecord(
                f"{self._examples[split]}/{EXAMPLES_PREFIX}", file_name_suffix=EXAMPLES_SUFFIX
            )
        return (
            [made[COUNTS], *(counts for _, counts in sources)]
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(SumCounters())
            | "WriteCounts" >> beam.Map(_write_counts, f"{self._catalogue_uri}/{EXAMPLE_COUNTS_FILE}")
        )

    def _sources(self, pipeline: beam.Pipeline) -> list[tuple[beam.PCollection[Any], beam.PCollection[Any]]]:
        """Returns pairs and counts of each place that queries come from."""
        stream = (
            pipeline
            | "NameCatalogue" >> beam.Create([self._catalogue_uri])
            | "ReadProductIds" >> beam.Map(_read_product_ids)
        )
        ids = beam.pvalue.AsSingleton(stream)
        sources = []
        if self._judgements:
            judged = (
                pipeline
                | "ReadJudgements" >> ReadTable(self._judgements)
                | "PairJudgements"
                >> beam.ParDo(PairJudgements(self._buckets), ids).with_outputs(QUARANTINED, COUNTS, main=_PAIRS)
            )
            _ = judged[QUARANTINED] | "WriteQuarantine" >> WriteQuarantine(self._quarantine_uri)
            sources.append((judged[_PAIRS], judged[COUNTS]))
        if self._impressions and self._options.queries.shown_outcome is not None:
            sources.append(
                stream | "PairShown" >> PairShown(self._impressions, self._options.queries.shown_outcome, self._buckets)
            )
        if self._events:
            seen = (
                pipeline
                | "ReadEvents" >> ReadTable(self._events, ("query", "product_id", *BEHAVIOUR_COLUMNS))
                | "PairEvents"
                >> beam.ParDo(PairEvents(self._options.queries, self._buckets), ids).with_outputs(COUNTS, main=_PAIRS)
            )
            sources.append((seen[_PAIRS], seen[COUNTS]))
            _ = stream | "WritePersonalExamples" >> WritePersonalExamples(
                self._events, self._options.queries, self._examples[PERSONAL]
            )
        if self._asked_for.texts:
            texts, per_text, usual = self._asked_for
            made = (
                pipeline
                | "ListTexts" >> beam.Create(list(batched(texts, _TEXTS_AT_ONCE)), reshuffle=True)
                | "MakeQueries"
                >> beam.ParDo(MakeQueries(self._options.seed, per_text, usual, self._buckets)).with_outputs(
                    COUNTS, main=_PAIRS
                )
            )
            sources.append((made[_PAIRS], made[COUNTS]))
        return sources


def _read_product_ids(catalogue_uri: str) -> bytes:
    return to_bytes(load_catalogue(catalogue_uri, ["product_id"]).combine_chunks())


def _write_counts(counts: Counter[str], path: str) -> None:
    write_json(path, counts)
