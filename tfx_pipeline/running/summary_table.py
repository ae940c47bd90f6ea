"""The end of a run on the terminal: metrics beside baselines, and what was pushed."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx_pipeline.terminal.console import console, plain_table

# What people look at first; a task shows those that it has.
HEADLINE_METRICS = (
    "f1_macro",
    "accuracy",
    "auc",
    "calibration_error",
    "ndcg_at_10",
    "recall_at_10",
    "mrr_at_10",
    "novel_ndcg_at_10",
    "novel_recall_at_10",
    "coverage_at_10",
    "diversity_at_10",
)
# What rules in the ranker are judged by.
_RULES_METRICS = ("ndcg_at_10", "novel_ndcg_at_10")
_WITH_RULES, _WITHOUT_RULES = "ranker_with_rules", "ranker_without_rules"
_HEADING_WIDTH, _NUMBER_WIDTH = 9, 6


def print_summary(summary: Mapping[str, Any], root: Path) -> None:
    """Prints the tasks' metrics, quarantined rows and pushed models, and where the whole summary is."""
    for table, reasons in summary["quarantine"].items():
        if reasons:
            listed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
            console.print(f"  quarantined rows of {table}: {listed}")
    for name, task in summary["tasks"].items():
        console.print(f"\n{name}, {judged_over(task)}")
        console.print(_metrics_table(task))
        _print_outcome(name, task)
    console.print(
        f"{summary['total_seconds']:.0f} s, peak memory {summary['peak_rss_bytes'] / 2**30:.1f} GiB; "
        f"all of it in {root / 'summary.json'}"
    )
    console.print(f"report: {root / 'report.html'}")


def _metrics_table(task: Mapping[str, Any]) -> Any:
    parts = {name: part["metrics"] for name, part in task.get("ablation", {}).items()}
    columns = {"this model": task["metrics"]["test"], **parts, **task["baselines"]}
    table = plain_table("metric", *(_heading(label) for label in columns), min_width=_NUMBER_WIDTH)
    # Recommendation has as many columns as 80 characters hold, with one between two of them.
    table.collapse_padding, table.columns[0].no_wrap = True, True
    for metric in HEADLINE_METRICS:
        if metric not in task["metrics"]["test"]:
            continue
        table.add_row(metric, *(_number(metrics.get(metric)) for metrics in columns.values()))
    return table


def _print_outcome(name: str, task: Mapping[str, Any]) -> None:
    interval = task["differences"].get("popularity", {}).get("novel_ndcg_at_10")
    if interval:
        console.print(
            f"novel_ndcg_at_10 against popularity: {interval['mean']:+.4f} "
            f"(95% interval {interval['low']:+.4f} to {interval['high']:+.4f})"
        )
    for line in rules_in_ranker(task):
        console.print(line)
    for line in _segment_lines(task):
        console.print(line)
    if "rules" in task:
        console.print(_rules_line(task["rules"]))
    for note in task["notes"]:
        console.print(f"{name} note: {note}")
    for reason in task["refused_because"]:
        console.print(f"{name} refused: {reason}")
    if task["pushed"]:
        console.print(f"{name} pushed to {task['pushed']}")


def rules_in_ranker(task: Mapping[str, Any]) -> list[str]:
    """Says what rules add to the ranker, for all and for novel products, and what to do about it.

    Args:
        task: A task's part of `summary.json`. Its ablation holds the same ranker without rules, or with them where
            they are kept out.
    """
    ablation = task.get("ablation", {})
    kept_out = _WITH_RULES in ablation
    differences = ablation.get(_WITH_RULES if kept_out else _WITHOUT_RULES, {}).get("differences", {})
    found = {metric: differences[metric] for metric in _RULES_METRICS if metric in differences}
    known = {metric: interval for metric, interval in found.items() if interval["low"] is not None}
    if not known:
        return []
    which = "without rules in the ranker, against with" if kept_out else "with rules in the ranker, against without"
    lines = [
        f"{metric} {which}: {interval['mean']:+.4f} (95% interval {interval['low']:+.4f} to {interval['high']:+.4f})"
        for metric, interval in known.items()
    ]
    gains = [-interval["high"] if kept_out else interval["low"] for interval in known.values()]
    if max(gains) <= 0.0:
        advice = "they are kept out of it" if kept_out else "`tasks.recommendation.ranker.rules: false` keeps them out"
        return [*lines, f"Rules do not help this ranker: {advice}."]
    return [*lines, "Rules help this ranker: `tasks.recommendation.ranker.rules: true`."] if kept_out else lines


def _rules_line(mined: Mapping[str, Any]) -> str:
    """Says how many rules were mined of how many baskets, and what was left out or made up for."""
    parts = [
        f"{counts['rules']:,} rules of {level} level from {counts['baskets']:,} baskets"
        for level, counts in mined["levels"].items()
    ]
    if mined["events"]["oversized_baskets"]:
        parts.append(f"{mined['events']['oversized_baskets']:,} baskets left out as too large")
    if mined["events"]["bought_events_without_basket_id"]:
        parts.append(f"{mined['events']['bought_events_without_basket_id']:,} events without a basket_id")
    return ", ".join(parts)


def _segment_lines(task: Mapping[str, Any]) -> list[str]:
    """Says which spends make the segments, and whether others did in the run before."""
    spends = [
        f"{each['segment']} " + (f"over {each['from']:,.2f}" if each["to"] is None else f"up to {each['to']:,.2f}")
        for each in task.get("segment_definitions", ())
    ]
    lines = [f"segments by spend in a period: {', '.join(spends)}"] if spends else []
    if task.get("definitions_changed"):
        lines.append(
            "These differ from the last run's: segments/transitions.parquet mixes moved users with moved spends; "
            "`tasks.segmentation.segments.cuts` keeps them."
        )
    return lines


def _heading(label: str) -> str:
    """Returns a label over several lines, so that seven columns fit into a terminal of 80."""
    return "\n".join(textwrap.wrap(label.replace("_", " "), _HEADING_WIDTH, break_long_words=False))


def judged_over(task: Mapping[str, Any]) -> str:
    """Says what a task's metrics are over."""
    if "queries" in task:
        return f"{task['queries']:,} test queries"
    if "texts" in task:
        return f"{task['texts']:,} test texts"
    return ", ".join(f"{count:,} {name} users" for name, count in task["users"].items())


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
