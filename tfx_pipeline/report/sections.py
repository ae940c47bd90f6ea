"""What the report says of tables and tasks, taken from the summary."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from markupsafe import Markup

from tfx_pipeline.report.charts import Interval, confusion_chart, dots_chart, intervals_chart
from tfx_pipeline.report.rules_network import rules_network
from tfx_pipeline.report.segment_charts import calibration_chart, flow_chart, map_chart
from tfx_pipeline.summary_table import HEADLINE_METRICS, judged_over, rules_in_ranker

# Metrics that are drawn, where a task has them; all are in the table.
_DRAWN = ("ndcg_at_10", "novel_ndcg_at_10", "f1_macro")
# Metrics of which more is better whatever the others are.
_ACCURACIES = ("recall", "ndcg", "mrr", "accuracy", "f1", "auc")
# Rules of a level in the table, and what is shown of them; the network has all that the summary holds.
_MOST_RULES = 15
_RULE_FIGURES = {"count": "{:,}", "confidence": "{:.3f}", "lift": "{:.2f}", "q_value": "{:.2g}"}
# Slices that are drawn, the largest ones.
_MOST_SLICES = 24
_SHOWN_KINDS = 5


class Figure(NamedTuple):
    """A picture and what it shows."""

    caption: str
    svg: Markup


class MetricRow(NamedTuple):
    """A metric and its value by system; of an accuracy `best` marks the largest."""

    metric: str
    values: list[str]
    best: list[bool]


class ProfileRow(NamedTuple):
    """A segment: its users, what one spends and how often one comes in a period, and its kinds by lift."""

    segment: str
    users: str
    spend: str
    visits: str
    days_since_last: str
    kinds: str


class RuleLevel(NamedTuple):
    """The strongest rules of a level: the table's rows (what is bought, with what, and figures), and their network."""

    level: str
    headings: list[str]
    rows: list[tuple[str, str, list[str]]]
    network: Figure


class TaskSection(NamedTuple):
    """A task of the run.

    Attributes:
        name: The task.
        outcome: `pushed`, `unchanged` or `refused`.
        pushed: Where to.
        refused_because: One sentence a reason.
        judged: What the metrics are over.
        systems: Headings of the metrics' columns.
        headline: The metrics that people look at first.
        metrics: All metrics.
        figures: Pictures of them.
        counts: Names and numbers of what the task learned from.
        profiles: What each segment is like, of a segmentation.
        rules: The strongest rules of each level that has any.
        rules_in_ranker: What rules add to the ranker, one sentence a metric.
    """

    name: str
    outcome: str
    pushed: str
    refused_because: list[str]
    judged: str
    systems: list[str]
    headline: list[MetricRow]
    metrics: list[MetricRow]
    figures: list[Figure]
    counts: list[tuple[str, str]]
    profiles: list[ProfileRow]
    rules: list[RuleLevel]
    rules_in_ranker: list[str]


class TableRow(NamedTuple):
    """A table of the run: rows read and kept, and refused rows by reason."""

    name: str
    rows: str
    good: str
    bad: list[tuple[str, str]]


def table_rows(summary: Mapping[str, Any]) -> list[TableRow]:
    """Returns the tables that were read."""
    return [
        TableRow(
            name,
            f"{counts['rows']:,}",
            f"{counts['good']:,}",
            [(_words(reason), f"{count:,}") for reason, count in summary["quarantine"].get(name, {}).items()],
        )
        for name, counts in summary["tables"].items()
    ]


def task_sections(summary: Mapping[str, Any], segments: Mapping[str, Any]) -> list[TaskSection]:
    """Returns the tasks in the order of the run.

    Args:
        summary: What the run did.
        segments: What `tfx_pipeline.segment_files.read_segment_files` returns.
    """
    return [
        _task_section(name, task, segments if name == "segmentation" else {}) for name, task in summary["tasks"].items()
    ]


def _task_section(name: str, task: Mapping[str, Any], segments: Mapping[str, Any]) -> TaskSection:
    parts = {part: found["metrics"] for part, found in task.get("ablation", {}).items()}
    metrics: Mapping[str, float | None] = task["metrics"]["test"]
    systems = {"this model": metrics, **parts, **task["baselines"]}
    counts = {**{f"{split} examples": count for split, count in task["examples"].items()}, **task["counts"]}
    return TaskSection(
        name=name,
        outcome="refused" if not task["blessed"] else "pushed" if task["pushed"] else "unchanged",
        pushed=task["pushed"] or "",
        refused_because=task["refused_because"],
        judged=judged_over(task),
        systems=[_words(system) for system in systems],
        headline=[_metric_row(metric, systems) for metric in HEADLINE_METRICS if metric in metrics],
        metrics=[_metric_row(metric, systems) for metric in metrics],
        figures=[
            *_difference_figures(task),
            *_slice_figures(task),
            *_confusion_figures(task),
            *_segment_figures(segments),
        ],
        counts=[(_words(what), f"{count:,}") for what, count in counts.items() if isinstance(count, int)],
        profiles=[_profile_row(name, found) for name, found in segments.get("profiles", {}).items()],
        rules=_rule_levels(task),
        rules_in_ranker=rules_in_ranker(task),
    )


def _rule_levels(task: Mapping[str, Any]) -> list[RuleLevel]:
    levels = []
    for level, rules in task.get("rules", {}).get("strongest", {}).items():
        if not rules:
            continue
        rows = [
            (
                " + ".join(rule["bought"]),
                rule["together_with"][0],
                [form.format(rule[name]) for name, form in _RULE_FIGURES.items()],
            )
            for rule in rules
        ]
        caption = f"The strongest rules of {level} level: from what is bought to what goes with it, wider by lift."
        network = Figure(caption, rules_network(rules))
        levels.append(RuleLevel(level, [_words(name) for name in _RULE_FIGURES], rows[:_MOST_RULES], network))
    return levels


def _metric_row(metric: str, systems: Mapping[str, Mapping[str, float | None]]) -> MetricRow:
    values = [metrics.get(metric) for metrics in systems.values()]
    known = [value for value in values if value is not None]
    compared = len(known) > 1 and any(name in metric for name in _ACCURACIES)
    best = [compared and value == max(known) for value in values]
    return MetricRow(metric, ["–" if value is None else f"{value:.4f}" for value in values], best)


def _difference_figures(task: Mapping[str, Any]) -> list[Figure]:
    figures = []
    for metric in _DRAWN:
        intervals = {
            _words(other): Interval(found[metric]["mean"], found[metric]["low"], found[metric]["high"])
            for other, found in {**task["differences"], **_part_differences(task)}.items()
            if found.get(metric, {}).get("mean") is not None
        }
        if intervals:
            caption = f"{metric} of this model above each other system, with 95% bootstrap intervals."
            figures.append(Figure(caption, intervals_chart(intervals, f"difference of {metric}")))
    return figures


def _part_differences(task: Mapping[str, Any]) -> dict[str, Any]:
    return {part: found["differences"] for part, found in task.get("ablation", {}).items()}


def _slice_figures(task: Mapping[str, Any]) -> list[Figure]:
    slices = sorted((task.get("slices") or {}).items(), key=lambda item: -_size(item[1]))[:_MOST_SLICES]
    figures = []
    for metric in _DRAWN:
        rows = {
            f"{name} ({_size(found):,})": _slice_values(found, metric)
            for name, found in slices
            if found["metrics"].get(metric) is not None
        }
        if rows:
            figures.append(Figure(f"{metric} by slice, with the size of each.", dots_chart(rows, metric)))
    return figures


def _confusion_figures(task: Mapping[str, Any]) -> list[Figure]:
    if "confusion" not in task:
        return []
    confusion, what = task["confusion"], "Texts" if "texts" in task else "Users"
    figures = [Figure(f"{what} by true and given label.", confusion_chart(confusion["labels"], confusion["counts"]))]
    if task.get("calibration"):
        caption = f"{what} by the probability of the best label, and how often it is right; on the line is calibrated."
        figures.append(Figure(caption, calibration_chart(task["calibration"])))
    return figures


def _segment_figures(segments: Mapping[str, Any]) -> list[Figure]:
    figures = []
    if segments.get("map"):
        caption = f"{len(segments['map']):,} users as the model sees them, by segment; those alike are near each other."
        figures.append(Figure(caption, map_chart(segments["map"])))
    if segments.get("transitions"):
        users = sum(way["users"] for way in segments["transitions"])
        figures.append(Figure(f"Where {users:,} users went since the last run.", flow_chart(segments["transitions"])))
    return figures


def _profile_row(name: str, profile: Mapping[str, Any]) -> ProfileRow:
    kinds = ", ".join(f"{kind['kind']} ({kind['lift']:.1f})" for kind in profile["kinds"][:_SHOWN_KINDS])
    return ProfileRow(
        segment=name,
        users=f"{profile['users']:,} ({profile['share']:.0%})",
        spend=f"{profile['spend']:,.2f}",
        visits=f"{profile['visits']:.1f}",
        days_since_last=f"{profile['days_since_last']:.0f}",
        kinds=kinds or "–",
    )


def _size(found: Mapping[str, Any]) -> int:
    size: int = next(found[name] for name in ("queries", "texts", "users") if name in found)
    return size


def _slice_values(found: Mapping[str, Any], metric: str) -> dict[str, float | None]:
    """Returns the metric of each system: the others' are the model's less the mean difference to them."""
    value = found["metrics"][metric]
    means = {other: differences.get(metric, {}).get("mean") for other, differences in found["differences"].items()}
    return {
        "this model": value,
        **{_words(other): None if mean is None else value - mean for other, mean in means.items()},
    }


def _words(name: str) -> str:
    return name.replace("_", " ")
