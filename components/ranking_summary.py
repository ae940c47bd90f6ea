"""Users' metrics to means, coverage and bootstrap intervals of differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.gate_options import GateOptions
from components.user_judge import NOVEL, USER_METRICS
from trainer.metrics import bootstrap_interval, coverage

COLD = "cold_"


class RankingSummary:
    """Aggregates the table that `UserJudge` makes; holds it in memory, some hundred numbers a user.

    Metrics without a prefix are over users with a history; those with `novel_` over users with a history and a
    target that they never bought; those with `cold_` over users with few events in their history or none.
    `examples` is the number of all users.

    Args:
        users: Rows as `components.user_judge.user_schema` describes them, in any order.
        products: Size of the catalogue.
        options: List lengths, what a cold user is, and the resampling.
    """

    def __init__(self, users: pa.Table, products: int, options: GateOptions) -> None:
        self.examples = len(users)
        self._products = products
        self._options = options
        with_history = users.filter(pc.greater(users["history_events"], 0))
        # A slice is a prefix of metric names, the users it is over, and the prefix of the columns that it reads.
        self._slices = {
            "": (with_history, ""),
            NOVEL: (with_history.filter(pc.greater(with_history["novel_targets"], 0)), NOVEL),
            COLD: (users.filter(pc.less_equal(users["history_events"], options.cold_user_events)), ""),
        }

    def users(self) -> dict[str, int]:
        """Returns the number of users of each slice: test, novel and cold."""
        names = {"": "test", NOVEL: "novel", COLD: "cold"}
        return {names[prefix]: len(table) for prefix, (table, _) in self._slices.items()}

    def metrics(self, system: str) -> dict[str, float | None]:
        """Returns the mean of every metric of a system, and its coverage; None for a slice without users."""
        values: dict[str, float | None] = {}
        for prefix, (table, source) in self._slices.items():
            for k in self._options.k:
                for metric in USER_METRICS:
                    name = f"{metric}_at_{k}"
                    column = _numbers(table[f"{system}.{source}{name}"])
                    values[prefix + name] = float(column.mean()) if len(column) else None
                lists = table[f"{system}.{source}products"]
                values[f"{prefix}coverage_at_{k}"] = _coverage(lists, self._products, k)
        return values

    def differences(self, system: str, other: str) -> dict[str, dict[str, float | None]]:
        """Returns mean, low and high of a system's metrics minus another's over the same users.

        Low and high are those of a 95% percentile bootstrap interval, None where there are too few users for one.
        Coverage is not a mean over users and has no interval.
        """
        found: dict[str, dict[str, float | None]] = {}
        for prefix, (table, source) in self._slices.items():
            for name in self._user_metrics():
                column = f"{source}{name}"
                difference = _numbers(table[f"{system}.{column}"]) - _numbers(table[f"{other}.{column}"])
                # In order of value the resampling does not depend on the order in which Beam wrote the users.
                interval = bootstrap_interval(np.sort(difference), self._options.seed, self._options.resamples)
                found[prefix + name] = {
                    bound: None if np.isnan(value) else value for bound, value in interval._asdict().items()
                }
        return found

    def _user_metrics(self) -> Sequence[str]:
        return [f"{metric}_at_{k}" for k in self._options.k for metric in USER_METRICS]


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values: npt.NDArray[Any] = column.to_numpy()
    return values.astype(np.float64)


def _coverage(lists: pa.ChunkedArray, products: int, k: int) -> float | None:
    """Returns the share of the catalogue in the first `k` places of anybody's list."""
    if not len(lists):
        return None
    return coverage(pc.list_flatten(pc.list_slice(lists, 0, k)).to_numpy(), products)
