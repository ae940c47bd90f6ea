"""What the terminal and the report say of a recommender in sentences."""

from collections.abc import Mapping
from typing import Any

from tfx_pipeline.summary.model import Interval, TaskSummary

# What an option of the ranker is judged by.
_OPTION_METRICS = ("ndcg_at_10", "novel_ndcg_at_10")
# From this share on, events of baskets that reach into validation are no mere edge: some id may stand for none.
_MANY_CUT = 0.1
# The ranker without an adjustment, and the option that makes it.
_ADJUSTMENTS = {
    "ranker_without_damping": "ranker.popularity_damping",
    "ranker_without_kind_penalty": "ranker.kind_penalty",
}
_WITH_RULES, _WITHOUT_RULES = "ranker_with_rules", "ranker_without_rules"


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
    """Says what rules add to the ranker, for all and for novel products, and what to do about it.

    Args:
        summary: Its ablation holds the same ranker without rules, or with them where they are kept out.
    """
    kept_out = _WITH_RULES in summary.ablation
    other = summary.ablation.get(_WITH_RULES if kept_out else _WITHOUT_RULES)
    found = {} if other is None else {name: other.differences.get(name) for name in _OPTION_METRICS}
    known = {name: interval for name, interval in found.items() if interval is not None and interval.low is not None}
    if not known:
        return []
    which = "without rules in the ranker, against with" if kept_out else "with rules in the ranker, against without"
    lines = [f"{name} {which}: {_in_words(interval)}" for name, interval in known.items()]
    gains = [-(interval.high or 0.0) if kept_out else interval.low or 0.0 for interval in known.values()]
    if max(gains) <= 0.0:
        advice = "they are kept out of it" if kept_out else "`tasks.recommendation.ranker.rules: false` keeps them out"
        return [*lines, f"Rules do not help this ranker: {advice}."]
    return [*lines, "Rules help this ranker: `tasks.recommendation.ranker.rules: true`."] if kept_out else lines


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
