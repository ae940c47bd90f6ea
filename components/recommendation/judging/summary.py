"""Users' metrics to means, coverage and bootstrap intervals of differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.gate.judgement import Differences, Metrics
from components.gate.paired_differences import paired_differences
from components.gate.slice_gaps import LEAST_MEMBERS, SliceGap
from components.recommendation.judging.gate_options import RecommendationGateOptions
from components.recommendation.judging.list_measures import ACCURACY_METRICS, LIST_METRICS
from components.recommendation.judging.user_judge import NOVEL
from components.recommendation.judging.user_slices import slice_name, user_slices, users_by_attribute
from trainer.metrics.gaps import mean_gap
from trainer.metrics.ranking import coverage

COLD = "cold_"


class UserSummary:
    """Aggregates the table that `UserJudge` makes; holds it in memory, some hundred numbers a user.

    Metrics without a prefix are over users with a history; those with `novel_` over users with a history and a
    target that they never bought; those with `cold_` over users with few events in their history or none. A metric
    is the mean over those of them for whom it is defined. `examples` is the number of all users.

    Args:
        users: Rows as `components.recommendation.judging.user_judge.user_schema` describes them, in any order.
        products: Size of the catalogue.
        options: List lengths, what a cold user and a slice are, and the resampling.
    """

    def __init__(self, users: pa.Table, products: int, options: RecommendationGateOptions) -> None:
        self.examples = len(users)
        self._products = products
        self._options = options
        self._users = _in_order_of_content(users)
        with_history = self._users.filter(pc.greater(self._users["history_events"], 0))
        # A prefix of metric names, the users it is over, and the prefix of the columns that it reads.
        self._prefixes = {
            "": (with_history, ""),
            NOVEL: (with_history.filter(pc.greater(with_history["novel_targets"], 0)), NOVEL),
            COLD: (self._users.filter(pc.less_equal(self._users["history_events"], options.cold_user_events)), ""),
        }

    def counts(self) -> dict[str, int]:
        """Returns the number of users of each prefix: test, novel and cold."""
        names = {"": "test", NOVEL: "novel", COLD: "cold"}
        return {names[prefix]: len(table) for prefix, (table, _) in self._prefixes.items()}

    def metrics(self, system: str) -> Metrics:
        """Returns the mean of every metric of a system, and its coverage; None where no user has it."""
        values: Metrics = {}
        for prefix, (table, source) in self._prefixes.items():
            for k in self._options.k:
                for metric in (*ACCURACY_METRICS, *LIST_METRICS):
                    name = f"{metric}_at_{k}"
                    values[prefix + name] = _mean(_numbers(table[f"{system}.{source}{name}"]))
                lists = table[f"{system}.{source}products"]
                values[f"{prefix}coverage_at_{k}"] = _coverage(lists, self._products, k)
        return values

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's metrics minus each other system's over the same users.

        Low and high are those of a 95% percentile bootstrap interval, None where there are too few users for one.
        Only recall, ndcg and mrr have one: coverage is no mean over users, and the rest is there to be looked at.
        """
        metrics = [f"{metric}_at_{k}" for k in self._options.k for metric in ACCURACY_METRICS]
        found: dict[str, Differences] = {other: {} for other in others}
        for prefix, (table, source) in self._prefixes.items():
            names = [source + metric for metric in metrics]
            for other, intervals in self._intervals(table, system, others, names).items():
                found[other] |= {prefix + name.removeprefix(source): bounds for name, bounds in intervals.items()}
        return found

    def slices(self, system: str, others: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Returns recall, ndcg and mrr of a system at `headline_k`, over users alike in an attribute or in history.

        Returns:
            By name of the slice, as `components.recommendation.judging.user_slices.user_slices` makes them: `users`;
            `metrics`; and `differences`, as `differences` gives them.
        """
        names = [f"{metric}_at_{self._options.headline_k}" for metric in ACCURACY_METRICS]
        columns = [f"{name}.{metric}" for name in (system, *others) for metric in names]
        found = {}
        for name, rows in user_slices(self._users, self._options.min_slice_users).items():
            table = self._users.select(columns).take(pa.array(rows))
            found[name] = {
                "users": len(table),
                "metrics": {metric: _mean(_numbers(table[f"{system}.{metric}"])) for metric in names},
                "differences": self._intervals(table, system, others, names),
            }
        return found

    def lists(self, system: str, k: int) -> list[list[int]]:
        """Returns the first `k` product indices that each user with a history was recommended."""
        lists = self._prefixes[""][0][f"{system}.products"].to_pylist()
        return [[product for product in each[:k] if product >= 0] for each in lists]

    def gaps(self, system: str) -> list[SliceGap]:
        """Returns how far users with a value of an attribute lie from those with another one, by metric of slices.

        Both sides have `components.gate.slice_gaps.LEAST_MEMBERS` users with a history or more.
        """
        names = [f"{metric}_at_{self._options.headline_k}" for metric in ACCURACY_METRICS]
        values = {name: _numbers(self._users[f"{system}.{name}"]) for name in names}
        gaps = []
        for attribute, by_value in users_by_attribute(self._users).items():
            everybody = np.concatenate(list(by_value.values()))
            for value, rows in by_value.items():
                others = np.setdiff1d(everybody, rows)
                if min(len(rows), len(others)) < LEAST_MEMBERS:
                    continue
                for name in names:
                    own, rest = (side[~np.isnan(side)] for side in (values[name][rows], values[name][others]))
                    gap = mean_gap(own, rest) if min(len(own), len(rest)) >= LEAST_MEMBERS else None
                    gaps.append(SliceGap(attribute, slice_name(attribute, value), name, len(rows), gap))
        return gaps

    def _intervals(
        self, table: pa.Table, system: str, others: Sequence[str], names: Sequence[str]
    ) -> dict[str, Differences]:
        """Returns the interval of each difference, all from the same resamples of the table's users."""
        seed, resamples = self._options.seed, self._options.resamples
        return paired_differences(table, system, others, names, seed=seed, resamples=resamples)


def _in_order_of_content(users: pa.Table) -> pa.Table:
    """Sorts users by their numbers, so that nothing depends on the order in which Beam wrote them."""
    numbers = [field.name for field in users.schema if not pa.types.is_nested(field.type)]
    return users.sort_by([(name, "ascending") for name in numbers])


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values: npt.NDArray[Any] = column.to_numpy()
    return values.astype(np.float64)


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None


def _coverage(lists: pa.ChunkedArray, products: int, k: int) -> float | None:
    """Returns the share of the catalogue in the first `k` places of anybody's list."""
    if not len(lists):
        return None
    return coverage(pc.list_flatten(pc.list_slice(lists, 0, k)).to_numpy(), products)
