"""Beam steps from impressions of searches to pairs of a query and a product, without the bias of the place."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.search.examples.position_model import MOST_POSITIONS, learn_positions, relevance_of_pairs
from components.search.examples.query_pairs import (
    COUNTS,
    PAIRS_SCHEMA,
    SHOWN,
    pairs_table,
    product_index,
    split_by_query,
    stripped,
)
from components.tables.read_back import ReadTable, from_bytes, table_rows, to_bytes

# Impressions that the position model is learned from, about.
_SAMPLED = 1_000_000
_KEYS = ["query", "product_index", "position"]
_SUMS = ["shown", "clicked"]


class PairShown(beam.PTransform):
    """Reads impressions that have a query, and makes pairs of what was shown for it, as relevant as clicks say.

    How likely each place is looked at is learned from the first buckets of queries, some million impressions. The
    relevance of a pair is how often it was clicked when it was looked at; the best of a query gets 1. A query of which
    nothing was clicked says nothing.

    Args:
        paths: Parquet files of impressions.
        outcome: The column that says whether what was shown was clicked.
        buckets: How many buckets of queries there are.
    """

    def __init__(self, paths: Sequence[str], outcome: str, buckets: int) -> None:
        super().__init__()
        self._paths, self._outcome, self._buckets = list(paths), outcome, buckets
        rows = table_rows(self._paths)
        self._sampled = max(1, min(buckets, round(buckets * _SAMPLED / max(rows, 1))))

    def expand(self, ids: beam.PCollection[bytes]) -> Any:
        """Adds the steps; `ids` is one Arrow IPC stream of the catalogue's product_id column.

        Returns:
            (bucket, Arrow IPC stream of pairs) as the main output, and `COUNTS`.
        """
        counted = (
            ids.pipeline
            | "ReadImpressions" >> ReadTable(self._paths, ("query", "product_id", "position", self._outcome))
            | "CountShown"
            >> beam.ParDo(_CountShown(self._outcome, self._buckets), beam.pvalue.AsSingleton(ids)).with_outputs(
                COUNTS, main="shown"
            )
        )
        together = (
            counted["shown"] | "BringShownTogether" >> beam.GroupByKey() | "AddUpShown" >> beam.MapTuple(_added_up)
        )
        looked_at = (
            together
            | "SampleShown" >> beam.Filter(_is_among_first, self._sampled)
            | "ListSample" >> beam.combiners.ToList()
            | "LearnPositions" >> beam.Map(_positions_of)
        )
        pairs = together | "WeighShown" >> beam.FlatMap(_pairs_of, self._buckets, beam.pvalue.AsSingleton(looked_at))
        return pairs, counted[COUNTS]


class _CountShown(beam.DoFn):
    """Arrow IPC streams of impressions to (bucket, Arrow IPC stream of how often each was shown and clicked)."""

    def __init__(self, outcome: str, buckets: int) -> None:
        self._outcome, self._buckets = outcome, buckets

    def process(self, stream: bytes, catalogue: bytes) -> Iterator[Any]:
        """Handles one batch."""
        rows = from_bytes(stream)
        if not {"query", "position", "product_id"} <= {*rows.column_names}:
            return
        usable = pc.and_(pc.and_(rows["query"].is_valid(), rows["position"].is_valid()), rows["product_id"].is_valid())
        rows = rows.filter(usable)
        table = pd.DataFrame(
            {
                "query": stripped(rows["query"]).to_numpy(zero_copy_only=False),
                "product_index": pc.fill_null(product_index(rows, catalogue), -1).to_numpy(),
                "position": np.minimum(rows["position"].to_numpy(), MOST_POSITIONS - 1).astype(np.int64),
                "shown": 1.0,
                "clicked": pc.fill_null(rows[self._outcome].cast(pa.float64()), 0.0).to_numpy() > 0.0,
            }
        ).astype({"clicked": "float64"})
        table = table[(table["query"] != "") & (table["product_index"] >= 0)]
        yield beam.pvalue.TaggedOutput(COUNTS, Counter({"impressions_with_query": len(table)}))
        sums = table.groupby(_KEYS, as_index=False)[_SUMS].sum()
        yield from split_by_query(pa.Table.from_pandas(sums, preserve_index=False), self._buckets)


def _added_up(bucket: int, streams: Iterable[bytes]) -> tuple[int, bytes]:
    table = pd.concat([from_bytes(stream).to_pandas() for stream in streams])
    sums = table.groupby(_KEYS, as_index=False)[_SUMS].sum()
    return bucket, to_bytes(pa.Table.from_pandas(sums, preserve_index=False))


def _is_among_first(shown: tuple[int, bytes], sampled: int) -> bool:
    return shown[0] < sampled


def _positions_of(streams: list[tuple[int, bytes]]) -> list[float]:
    """Returns how likely each place is looked at."""
    tables = [from_bytes(stream).to_pandas() for _, stream in sorted(streams)]
    if not tables:
        return np.ones(MOST_POSITIONS).tolist()
    rows = pd.concat(tables)
    found: list[float] = learn_positions(*_columns(rows)).tolist()
    return found


def _pairs_of(shown: tuple[int, bytes], buckets: int, looked_at: list[float]) -> Iterator[tuple[int, bytes]]:
    """Returns the pairs of a bucket's queries."""
    rows = from_bytes(shown[1]).to_pandas()
    pair, position, shown_there, clicked = _columns(rows)
    firsts = np.unique(pair, return_index=True)[1]
    pairs = rows.iloc[firsts][_KEYS[:2]].assign(
        relevance=relevance_of_pairs(pair, position, shown_there, clicked, np.array(looked_at)),
        clicks=np.bincount(pair, clicked),
    )
    pairs["relevance"] /= pairs.groupby("query")["relevance"].transform("max")
    pairs = pairs[pairs.groupby("query")["clicks"].transform("sum") > 0]
    query, product, relevance = (pa.array(pairs[name]) for name in (*_KEYS[:2], "relevance"))
    table = pairs_table(query, product, relevance, SHOWN)
    yield from split_by_query(table.cast(PAIRS_SCHEMA), buckets)


def _columns(
    rows: pd.DataFrame,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns pair, position, shown and clicked as the position model wants them."""
    pair = rows.groupby(_KEYS[:2], sort=False).ngroup()
    shown, clicked = (np.asarray(rows[name], np.float64) for name in _SUMS)
    return np.asarray(pair, np.int64), np.asarray(rows["position"], np.int64), shown, clicked
