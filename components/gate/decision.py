"""The gate's decision: which numbers bless a model, and the sentences that say why not."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from components.gate.better_baselines import better_baselines
from components.gate.judgement import JudgedBy, Judgement
from components.gate.rules import GateRules


class Decision(NamedTuple):
    """Whether the model is blessed.

    Attributes:
        blessed: Nothing speaks against it.
        refused_because: One sentence a reason, with its numbers.
        notes: One sentence for each comparison that could not count, and each baseline that is better nevertheless.
    """

    blessed: bool
    refused_because: list[str]
    notes: list[str]

    def also(self, refusals: Sequence[str], notes: Sequence[str]) -> "Decision":
        """Returns the decision with more reasons to refuse, and more notes."""
        refused = [*self.refused_because, *refusals]
        return Decision(not refused, refused, [*self.notes, *notes])


def decide(judgement: Judgement, options: GateRules) -> Decision:
    """Applies the three rules that `GateRules` describes, and notes each baseline that is better by less than a margin.

    Args:
        judgement: The numbers.
        options: The rules.

    Returns:
        The decision.
    """
    refused, notes = _below_thresholds(judgement, options), []
    said: list[str] = []
    if not any(judgement.users.values()):
        refused.append(f"There is no {judgement.judged_by.one} to judge the model by: {judgement.judged_by.none}.")
    for comparison in _comparisons(judgement, options):
        refusal, note = _verdict(comparison, options.min_users, judgement.judged_by)
        refused += refusal
        notes += note
        said += [comparison.metric] if refusal else []
    users_of = functools.partial(_users_of, judgement=judgement)
    notes += better_baselines(judgement, options.min_users, users_of, said=said)
    return Decision(not refused, refused, notes)


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
    return judgement.users.get(prefix, judgement.users["test"])
