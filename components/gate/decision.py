"""The gate's decision: which numbers bless a ranking model, and the sentences that say why not."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from components.gate.rules import GateRules

Metrics = Mapping[str, float | None]
Differences = Mapping[str, Mapping[str, float | None]]


class JudgedBy(NamedTuple):
    """How messages speak of what a model is judged by.

    Attributes:
        one: One of them.
        many: Several of them.
        none: Why there may be none.
    """

    one: str = "user"
    many: str = "users"
    none: str = "no user has an event in the test period"


class Judgement(NamedTuple):
    """What the gate decides on.

    Attributes:
        metrics: The model's metrics; None where no user can be judged.
        baselines: The same of each baseline.
        differences: For each baseline and metric, mean, low and high of the model minus the baseline.
        users: Users judged, by `test`, `novel` and `cold`.
        last_blessed: Metrics of the last blessed model; None where there is none, or it cannot be loaded.
        last_blessed_differences: As `differences`, of the model minus the last blessed one.
        judged_by: What `users` counts.
    """

    metrics: Metrics
    baselines: Mapping[str, Metrics]
    differences: Mapping[str, Differences]
    users: Mapping[str, int]
    last_blessed: Metrics | None = None
    last_blessed_differences: Differences | None = None
    judged_by: JudgedBy = JudgedBy()


class Decision(NamedTuple):
    """Whether the model is blessed.

    Attributes:
        blessed: Nothing speaks against it.
        refused_because: One sentence a reason, with its numbers.
        notes: One sentence for each comparison that could not count.
    """

    blessed: bool
    refused_because: list[str]
    notes: list[str]

    def also(self, refusals: list[str], notes: list[str]) -> "Decision":
        """Returns the decision with more reasons to refuse, and more notes."""
        refused = [*self.refused_because, *refusals]
        return Decision(not refused, refused, [*self.notes, *notes])


def decide(judgement: Judgement, options: GateRules) -> Decision:
    """Applies the three rules that `GateRules` describes.

    Args:
        judgement: The numbers.
        options: The rules.

    Returns:
        The decision.
    """
    refused, notes = _below_thresholds(judgement, options), []
    if not any(judgement.users.values()):
        refused.append(f"There is no {judgement.judged_by.one} to judge the model by: {judgement.judged_by.none}.")
    for comparison in _comparisons(judgement, options):
        refusal, note = _verdict(comparison, options.min_users, judgement.judged_by)
        refused += refusal
        notes += note
    return Decision(not refused, refused, notes)


def loading_error(path: str, ask: Callable[[], object]) -> str | None:
    """Returns why the model that was blessed last cannot be asked, and logs it; None where it can, or there is none.

    Args:
        path: Its folder, or empty.
        ask: Loads it and asks it something.
    """
    if not path:
        return None
    try:
        ask()
    except Exception as error:  # A model of another version may fail in any way, and must not stop this one.
        message = f"{type(error).__name__}: {error}"
        logging.warning("The last blessed model in %s is left out: %s", path, message)
        return message
    return None


def describe_last_blessed(path: str, error: str | None, judgement: Judgement) -> dict[str, Any]:
    """Returns what an evaluation says of the model that was blessed last: where it lies, and what it reached.

    Args:
        path: Its folder.
        error: Why it could not be judged, if it could not.
        judgement: Holds its metrics, if it could.
    """
    if judgement.last_blessed is None:
        return {"path": path, "error": error}
    return {"path": path, "metrics": judgement.last_blessed, "differences": judgement.last_blessed_differences}


class _Comparison(NamedTuple):
    """One metric of the model beside that of something else over the same users."""

    metric: str
    value: float | None
    other: str
    other_value: float | None
    difference: Mapping[str, float | None] | None
    margin: float
    users: int


def _comparisons(judgement: Judgement, options: GateRules) -> Iterator[_Comparison]:
    for metric, margin in options.baseline_margins.items():
        best = max(options.baselines, key=lambda name: judgement.baselines[name][metric] or 0.0, default=None)
        if best is not None:
            yield _Comparison(
                metric,
                judgement.metrics[metric],
                f"the baseline {best}",
                judgement.baselines[best][metric],
                judgement.differences[best].get(metric),
                margin,
                _users_of(metric, judgement),
            )
    if judgement.last_blessed is not None:
        metric = options.last_blessed_metric
        yield _Comparison(
            metric,
            judgement.metrics[metric],
            "the last blessed model",
            judgement.last_blessed[metric],
            (judgement.last_blessed_differences or {}).get(metric),
            options.last_blessed_margin,
            _users_of(metric, judgement),
        )


def _verdict(comparison: _Comparison, min_users: int, judged_by: JudgedBy) -> tuple[list[str], list[str]]:
    """Returns a reason to refuse, if any, and a note, if any."""
    metric, value, other, other_value, difference, margin, users = comparison
    if value is None or other_value is None:
        return [], [f"{metric} was not compared with {other}: no {judged_by.one} has what it measures."]
    least = other_value * (1.0 - margin)
    if value >= least:
        return [], []
    shortfall = (
        f"{metric} is {value:.4f} over {users} {judged_by.many}; it should be at least {least:.4f}, "
        f"as {other} has {other_value:.4f}"
    )
    high = None if difference is None else difference["high"]
    if users < min_users:
        return [], [f"{shortfall}; with under {min_users} {judged_by.many} that is no reason to refuse."]
    if high is None or high >= 0.0:
        return [], [f"{shortfall}; the interval of the difference reaches above zero, so it may be chance."]
    return [f"{shortfall}."], []


def _below_thresholds(judgement: Judgement, options: GateRules) -> list[str]:
    reasons = []
    for metric, least in options.thresholds.items():
        value = judgement.metrics[metric]
        if value is None:
            one = judgement.judged_by.one
            reasons.append(f"{metric} should be at least {least:.4f}, but no {one} has what it measures.")
        elif value < least:
            reasons.append(f"{metric} is {value:.4f}; it should be at least {least:.4f}.")
    return reasons


def _users_of(metric: str, judgement: Judgement) -> int:
    prefix = metric.split("_", 1)[0]
    return judgement.users[prefix if prefix in ("novel", "cold") else "test"]
