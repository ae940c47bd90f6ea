"""The Beam transform behind SearchExamples: from tables with queries, or the catalogue's texts, to examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa

from components.events.counts import SumCounters
from components.search.examples.made_queries import MakeQueries, TextsToAskFor, texts_to_ask_for
from components.search.examples.options import SearchExamplesOptions
from components.search.examples.query_examples import SPLITS, MakeQueryExamples
from components.search.examples.query_pairs import (
    COUNTS,
    QUARANTINED,
    PairEvents,
    PairJudgements,
    batched,
)
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
        asked_rows = table_rows(self._judgements) + table_rows(self._events)
        wanted = options.queries.pseudo_queries
        made = wanted == "always" or (wanted == "auto" and not asked_rows)
        self._asked_for = texts_to_ask_for(catalogue, options.queries) if made else TextsToAskFor([], 0, frozenset())
        made_rows = sum(len(products) for _, products in self._asked_for.texts) * (1 + self._asked_for.per_text)
        self._buckets = bucket_count(asked_rows + made_rows)

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Adds the steps to a pipeline."""
        sources = self._sources(pipeline)
        pairs = [source[_PAIRS] for source in sources] or [pipeline | "NoPairs" >> beam.Create([])]
        made = pairs | "GatherPairs" >> beam.Flatten() | MakeQueryExamples(self._options.queries)
        for split in SPLITS:
            _ = made[split] | f"Write_{split}" >> beam.io.WriteToTFRecord(
                f"{self._examples[split]}/{EXAMPLES_PREFIX}", file_name_suffix=EXAMPLES_SUFFIX
            )
        return (
            [made[COUNTS], *(source[COUNTS] for source in sources)]
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(SumCounters())
            | "WriteCounts" >> beam.Map(_write_counts, f"{self._catalogue_uri}/{EXAMPLE_COUNTS_FILE}")
        )

    def _sources(self, pipeline: beam.Pipeline) -> list[beam.pvalue.DoOutputsTuple]:
        """Returns pairs and counts of each place that queries come from."""
        ids = beam.pvalue.AsSingleton(
            pipeline
            | "NameCatalogue" >> beam.Create([self._catalogue_uri])
            | "ReadProductIds" >> beam.Map(_read_product_ids)
        )
        sources = []
        if self._judgements:
            judged = (
                pipeline
                | "ReadJudgements" >> ReadTable(self._judgements)
                | "PairJudgements"
                >> beam.ParDo(PairJudgements(self._buckets), ids).with_outputs(QUARANTINED, COUNTS, main=_PAIRS)
            )
            _ = judged[QUARANTINED] | "WriteQuarantine" >> WriteQuarantine(self._quarantine_uri)
            sources.append(judged)
        if self._events:
            sources.append(
                pipeline
                | "ReadEvents" >> ReadTable(self._events, ("query", "product_id"))
                | "PairEvents" >> beam.ParDo(PairEvents(self._buckets), ids).with_outputs(COUNTS, main=_PAIRS)
            )
        if self._asked_for.texts:
            texts, per_text, usual = self._asked_for
            sources.append(
                pipeline
                | "ListTexts" >> beam.Create(list(batched(texts, _TEXTS_AT_ONCE)), reshuffle=True)
                | "MakeQueries"
                >> beam.ParDo(MakeQueries(self._options.seed, per_text, usual, self._buckets)).with_outputs(
                    COUNTS, main=_PAIRS
                )
            )
        return sources


def _read_product_ids(catalogue_uri: str) -> bytes:
    return to_bytes(load_catalogue(catalogue_uri, ["product_id"]).combine_chunks())


def _write_counts(counts: Counter[str], path: str) -> None:
    write_json(path, counts)
