"""What the terminal and the report say of a recommender in sentences."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.summary.model import Interval, TaskSummary
from trainer.metrics.significance import TrainingsDifference, difference_of_trainings, error_of_interval, holm

# What an option of the ranker is judged by.
_OPTION_METRICS = ("ndcg_at_10", "novel_ndcg_at_10")
# From this share on, events of baskets that reach into validation are no mere edge: some id may stand for none.
_MANY_CUT = 0.1
# The ranker without an adjustment, and the option that makes it.
_ADJUSTMENTS = {
    "ranker_without_damping": "ranker.popularity_damping",
    "ranker_without_kind_penalty": "ranker.kind_penalty",
    "ranker_without_exposure_caps": "ranker.exposure_caps",
}
_RANKER, _WITH_RULES, _WITHOUT_RULES = "ranker", "ranker_with_rules", "ranker_without_rules"
# What follows the name of a ranker that was trained once more, from another seed.
_AGAIN = "_again_"
# How seldom chance alone makes advice.
_ADVISED_AT = 0.01


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Says how much better the model is than popularity, what options cost, what rules add, and how many were mined."""
    lines = []
    novel = summary.differences.get("popularity", {}).get("novel_ndcg_at_10")
    if novel is not None and novel.low is not None:
        lines.append(f"novel_ndcg_at_10 against popularity: {_in_words(novel)}")
    lines += price_of_adjustments(summary)
    lines += rules_in_ranker(summary)
    mined = summary.detail("rules")
    return [*lines, _mined_line(mined)] if mined else lines


def price_of_adjustments(summary: TaskSummary) -> list[str]:
    """Says what each adjustment of the ranker's scores costs or brings on the test, for all and for novel products.

    Args:
        summary: Its ablation holds the ranker without each adjustment that it makes.
    """
    return [
        f"{metric} with `{option}`, against without: {_in_words(interval)}"
        for name, option in _ADJUSTMENTS.items()
        if name in summary.ablation
        for metric in _OPTION_METRICS
        if (interval := summary.ablation[name].differences.get(metric)) is not None and interval.low is not None
    ]


def rules_in_ranker(summary: TaskSummary) -> list[str]:
    """Says what rules add to the ranker, for all and for novel products, and what to do about it if that is known.

    Advice is given only on what is beyond chance, over users and over the seeds of trainings, at 1% for all metrics
    together (Holm's correction). One training of each way says nothing of seeds, so nothing is advised then.

    Args:
        summary: Its ablation holds the same ranker without rules, or with them where they are kept out; and both
            trained again from other seeds.
    """
    kept_out = _WITH_RULES in summary.ablation
    name = _WITH_RULES if kept_out else _WITHOUT_RULES
    other = summary.ablation.get(name)
    found = {} if other is None else {metric: other.differences.get(metric) for metric in _OPTION_METRICS}
    known = {metric: each for metric, each in found.items() if each is not None and each.low is not None}
    if not known:
        return []
    which = "without rules in the ranker, against with" if kept_out else "with rules in the ranker, against without"
    lines = [f"{metric} {which}: {_in_words(interval)}" for metric, interval in known.items()]
    if f"{_RANKER}{_AGAIN}1" not in summary.ablation:
        return [
            *lines,
            "Each was trained once, which does not tell rules from luck: `tasks.recommendation.ranker.trainings: 2`.",
        ]
    compared = [_over_trainings(summary, name, metric, interval) for metric, interval in known.items()]
    sure = [
        each.mean
        for each, p_value in zip(compared, holm([each.p_value for each in compared]), strict=True)
        if p_value <= _ADVISED_AT
    ]
    if not sure:
        return [*lines, "What rules do to this ranker is no more than chance, over users and trainings."]
    if min(sure) < 0.0 < max(sure):
        return [*lines, "Rules help this ranker by one of these measures, and harm it by the other."]
    rules_help = (sure[0] < 0.0) == kept_out
    if rules_help:
        advice = "`tasks.recommendation.ranker.rules: true`" if kept_out else "they stay in it"
        return [*lines, f"Rules help this ranker: {advice}."]
    advice = "they stay out of it" if kept_out else "`tasks.recommendation.ranker.rules: false` keeps them out"
    return [*lines, f"Rules harm this ranker: {advice}."]


def _over_trainings(summary: TaskSummary, name: str, metric: str, interval: Interval) -> TrainingsDifference:
    """Compares all trainings of the served ranker with all of another one, each as it stands to the served model."""

    def standing(system: str) -> float | None:
        found = summary.ablation[system].differences.get(metric)
        return None if found is None or found.mean is None else -found.mean

    again = {
        family: [each for each in summary.ablation if each.startswith(family + _AGAIN)] for family in (_RANKER, name)
    }
    own = [0.0, *(standing(each) for each in again[_RANKER])]
    others = [standing(each) for each in (name, *again[name])]
    return difference_of_trainings(
        [value for value in own if value is not None],
        [value for value in others if value is not None],
        error_of_interval(interval.low or 0.0, interval.high or 0.0),
    )


def _in_words(interval: Interval) -> str:
    return f"{interval.mean:+.4f} (95% interval {interval.low:+.4f} to {interval.high:+.4f})"


def _mined_line(mined: Mapping[str, Any]) -> str:
    """Says how many rules were mined of how many baskets, and what was left out or made up for."""
    parts = [
        f"{counts['rules']:,} rules of {level} level from {counts['baskets']:,} baskets{_raised(counts)}"
        for level, counts in mined["levels"].items()
    ]
    if mined["events"]["oversized_baskets"]:
        parts.append(f"{mined['events']['oversized_baskets']:,} baskets left out as too large")
    if mined["events"]["bought_events_without_basket_id"]:
        parts.append(f"{mined['events']['bought_events_without_basket_id']:,} events without a basket_id")
    if cut := mined["events"].get("cut_events", 0):
        many = cut >= _MANY_CUT * (cut + mined["events"]["bought_events"])
        advice = " (if one stands for none, say so by `missing` under `tables.events`)" if many else ""
        parts.append(f"{cut:,} events left out as their basket_id goes on in the validation period{advice}")
    return ", ".join(parts)


def _raised(counts: Mapping[str, int]) -> str:
    """Says that there were too many itemsets at the support that was asked for."""
    if "raised_from" not in counts:
        return ""
    return f" (of what {counts['min_count']:,} share, since far too many share {counts['raised_from']:,})"
