"""Two versions of a model against each other, by what users did with what each showed them."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

OUTCOMES = ("clicked", "purchased")
ALL_USERS = "all users"
# Fewer users, or fewer outcomes, say nothing that an interval by the normal distribution would hold for.
LEAST_USERS, LEAST_OUTCOMES = 30, 10
_TWO_SIDED_95 = 1.959963984540054
_TABLES = ("impressions", "offer_impressions")
_COLUMNS = ["user_id", "model", "version", *OUTCOMES]


@dataclass(frozen=True)
class Compared:
    """One outcome of two versions, among some users.

    Attributes:
        segment: Which users.
        outcome: The outcome.
        users: Users of each version.
        shown: How much each version showed them.
        rates: Share of that with the outcome.
        difference: The second rate less the first.
        low: Lower end of the difference's 95% interval.
        high: Upper end.
        enough: Whether there are enough users and outcomes for the interval to mean something.
    """

    segment: str
    outcome: str
    users: tuple[int, int]
    shown: tuple[int, int]
    rates: tuple[float, float]
    difference: float
    low: float
    high: float
    enough: bool

    @property
    def verdict(self) -> str:
        """What that comes to, in words."""
        if not self.enough:
            return f"not enough: {LEAST_USERS} users and {LEAST_OUTCOMES} outcomes of each are needed"
        if self.low <= 0.0 <= self.high:
            return "no difference shown"
        return "the second is better" if self.low > 0.0 else "the first is better"


@dataclass
class Arm:
    """What users did with what one version showed: a row a user of things shown and of each outcome."""

    users: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, user: str, counts: np.ndarray) -> None:
        """Adds what one user was shown and did."""
        self.users[user] = self.users.get(user, 0) + counts

    def of(self, wanted: Callable[[str], bool]) -> np.ndarray:
        """Returns the counts of the users that are wanted, float64 `(users, 1 + outcomes)`."""
        rows = [counts for user, counts in self.users.items() if wanted(user)]
        return np.array(rows, np.float64).reshape(-1, 1 + len(OUTCOMES))


def read_arms(log: Path, model: str) -> dict[int, Arm]:
    """Reads the log's impressions of a model, file by file.

    Args:
        log: Folder of the log.
        model: Name of the model.

    Returns:
        What users did, by version.
    """
    arms: dict[int, Arm] = {}
    for file in sorted(file for table in _TABLES for file in log.glob(f"{table}/*/*.parquet")):
        rows = pq.read_table(file, columns=_COLUMNS, partitioning=None)
        rows = rows.filter(pc.equal(rows.column("model"), model))
        for name in OUTCOMES:
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, name, pc.cast(pc.fill_null(rows.column(name), False), pa.int64()))
        sums = rows.group_by(["version", "user_id"]).aggregate(
            [(name, "sum") for name in OUTCOMES] + [([], "count_all")]
        )
        for row in sums.to_pylist():
            counts = np.array([row["count_all"], *(row[f"{name}_sum"] for name in OUTCOMES)], np.float64)
            arms.setdefault(row["version"], Arm()).add(row["user_id"], counts)
    return arms


def compare(first: Arm, second: Arm, segments: Mapping[str, str]) -> list[Compared]:
    """Compares two versions, among all users and then in each segment.

    Args:
        first: The version that there was.
        second: The version that is tried out.
        segments: Segment of each user, as far as it is known.
    """
    # Whoever saw both versions says nothing of either.
    both = first.users.keys() & second.users.keys()
    groups: dict[str, Callable[[str], bool]] = {ALL_USERS: lambda user: user not in both}
    for segment in sorted(set(segments.values())):
        groups[segment] = lambda user, of=segment: user not in both and segments.get(user) == of  # type: ignore[misc]
    return [
        _compared(segment, outcome, place, first.of(wanted), second.of(wanted))
        for segment, wanted in groups.items()
        for place, outcome in enumerate(OUTCOMES, start=1)
    ]


def rate_and_variance(counts: np.ndarray, place: int) -> tuple[float, float]:
    """Returns the share of what was shown that has an outcome, and the variance of that share.

    Users are what chance has split, and what one is shown and does belongs together: the variance is that of a ratio of
    sums over users (the delta method; Deng, Knoblich, Lu, "Applying the Delta Method in Metric Analytics", 2018).

    Args:
        counts: Things shown and outcomes of each user, float64 `(users, 1 + outcomes)`.
        place: Column of the outcome.
    """
    shown, users = counts[:, 0].sum(), len(counts)
    if users < 2 or shown == 0:
        return (counts[:, place].sum() / shown if shown else math.nan), math.nan
    rate = counts[:, place].sum() / shown
    residuals = counts[:, place] - rate * counts[:, 0]
    return float(rate), float(users / (users - 1) * (residuals**2).sum() / shown**2)


def _compared(segment: str, outcome: str, place: int, first: np.ndarray, second: np.ndarray) -> Compared:
    (before, variance), (after, other) = rate_and_variance(first, place), rate_and_variance(second, place)
    half = _TWO_SIDED_95 * math.sqrt(variance + other)
    return Compared(
        segment=segment,
        outcome=outcome,
        users=(len(first), len(second)),
        shown=(int(first[:, 0].sum()), int(second[:, 0].sum())),
        rates=(before, after),
        difference=after - before,
        low=after - before - half,
        high=after - before + half,
        enough=all(len(arm) >= LEAST_USERS and arm[:, place].sum() >= LEAST_OUTCOMES for arm in (first, second)),
    )


def newest_two(versions: Iterable[int]) -> tuple[int, int] | None:
    """Returns the two newest versions, the older one first; None where there are fewer."""
    newest = sorted(versions)[-2:]
    return (newest[0], newest[1]) if len(newest) == 2 else None
