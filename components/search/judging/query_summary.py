"""Queries' metrics to means and bootstrap intervals of differences."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from components.gate.judgement import Differences, Metrics
from components.gate.paired_differences import paired_differences
from components.search.judging.gate_options import SearchGateOptions
from components.search.judging.query_judge import HEADLINE, METRICS, SLICE


class QuerySummary:
    """Aggregates the table that `QueryJudge` makes; holds it in memory, some ten numbers a query.

    Args:
        queries: Rows as `components.search.judging.query_judge.query_schema` describes them, in any order.
        options: List lengths, the least size of a slice, and the resampling.
    """

    def __init__(self, queries: pa.Table, options: SearchGateOptions) -> None:
        self._options = options
        # Sorted by content, so that nothing depends on the order in which Beam wrote them.
        self._queries = queries.sort_by([(name, "ascending") for name in queries.column_names])
        self._headline = self._queries.filter(self._queries[HEADLINE])
        self.queries = len(self._headline)

    def counts(self) -> dict[str, int]:
        """Returns the number of headline queries, by the name `test`."""
        return {"test": self.queries}

    def metrics(self, system: str) -> Metrics:
        """Returns the mean of every metric of a system; None where there is no query."""
        return _means(self._headline, system, self._names())

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's metrics minus each other system's over the same queries.

        Low and high are those of a 95% percentile bootstrap interval, None where there are too few queries for one.
        """
        return self._intervals(self._headline, system, others)

    def slices(self, system: str, others: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Returns `queries`, `metrics`, `baselines` and `differences` at `headline_k` by how queries were perturbed."""
        found = {}
        names = self._names((self._options.headline_k,))
        for name in sorted(pc.unique(self._queries[SLICE]).to_pylist()):
            table = self._queries.filter(pc.equal(self._queries[SLICE], name))
            if len(table) < self._options.min_slice_queries:
                continue
            found[name] = {
                "queries": len(table),
                "metrics": _means(table, system, names),
                "baselines": {other: _means(table, other, names) for other in others},
                "differences": self._intervals(table, system, others, names),
            }
        return found

    def _names(self, ks: Sequence[int] = ()) -> list[str]:
        return [f"{metric}_at_{k}" for k in ks or self._options.k for metric in METRICS]

    def _intervals(
        self, table: pa.Table, system: str, others: Sequence[str], names: Sequence[str] = ()
    ) -> dict[str, Differences]:
        seed, resamples = self._options.seed, self._options.resamples
        return paired_differences(table, system, others, names or self._names(), seed=seed, resamples=resamples)


def _means(table: pa.Table, system: str, names: Sequence[str]) -> Metrics:
    return {name: pc.mean(table[f"{system}.{name}"]).as_py() for name in names}
