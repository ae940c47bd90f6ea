"""What a gate decides on: the metrics of a model beside those of other systems, over the same test examples."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

# By name of the metric; None where there is nothing that it is defined for.
Metrics = dict[str, float | None]
# By name of the metric: mean, low and high of one system's minus another's.
Differences = dict[str, Metrics]

# Names of the systems that every evaluator asks; others are baselines, and parts of the model.
MODEL, LAST_BLESSED = "model", "last_blessed"


class JudgedBy(NamedTuple):
    """How messages speak of what a model is judged by.

    Attributes:
        one: One of them.
        many: Several of them.
        none: Why there may be none.
    """

    one: str
    many: str
    none: str


class Summary(Protocol):
    """What an evaluator has found of all systems."""

    def counts(self) -> dict[str, int]:
        """Returns how many users, texts or queries were judged, as `Judgement.users` has them."""

    def metrics(self, system: str) -> Metrics:
        """Returns the metrics of a system."""

    def differences(self, system: str, others: Sequence[str]) -> dict[str, Differences]:
        """Returns mean, low and high of a system's metrics minus each other system's."""


class Judgement(NamedTuple):
    """What the gate decides on.

    Attributes:
        metrics: The model's metrics.
        baselines: The same of each baseline.
        differences: For each baseline and metric, mean, low and high of the model minus the baseline.
        users: Users, texts or queries judged: `test`, and those of metrics with a prefix, such as `novel`, by that.
        judged_by: What `users` counts.
        last_blessed: Metrics of the last blessed model; None where there is none, or it cannot be loaded.
        last_blessed_differences: As `differences`, of the model minus the last blessed one.
    """

    metrics: Metrics
    baselines: Mapping[str, Metrics]
    differences: Mapping[str, Differences]
    users: Mapping[str, int]
    judged_by: JudgedBy
    last_blessed: Metrics | None = None
    last_blessed_differences: Differences | None = None

    @classmethod
    def of(
        cls, summary: Summary, baselines: Sequence[str], judged_by: JudgedBy, *, with_last_blessed: bool
    ) -> "Judgement":
        """Takes what the gate decides on out of a summary.

        Args:
            summary: Of the system `MODEL`, the baselines, and `LAST_BLESSED` where that counts.
            baselines: Names of the baselines.
            judged_by: What the summary's counts are of.
            with_last_blessed: Whether the last blessed model was judged too.
        """
        return cls(
            metrics=summary.metrics(MODEL),
            baselines={name: summary.metrics(name) for name in baselines},
            differences=summary.differences(MODEL, baselines),
            users=summary.counts(),
            judged_by=judged_by,
            last_blessed=summary.metrics(LAST_BLESSED) if with_last_blessed else None,
            last_blessed_differences=(
                summary.differences(MODEL, [LAST_BLESSED])[LAST_BLESSED] if with_last_blessed else None
            ),
        )
