"""What the report says of tables and tasks, taken from the summary."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from markupsafe import Markup

from tfx_pipeline.figures.charts import Interval, confusion_chart, dots_chart, intervals_chart
from tfx_pipeline.figures.tables import Table, definitions_table, in_words, metrics_table, profiles_table, rules_table
from tfx_pipeline.running.summary_table import HEADLINE_METRICS, judged_over, rules_in_ranker
from tfx_pipeline.tasks.recommendation.rules_network import rules_network
from tfx_pipeline.tasks.segmentation.segment_charts import calibration_chart, flow_chart, map_chart

# Metrics that are drawn, where a task has them; all are in the table.
_DRAWN = ("ndcg_at_10", "novel_ndcg_at_10", "f1_macro")
# Slices that are drawn, the largest ones.
_MOST_SLICES = 24
# Labels up to which a confusion matrix stands beside other pictures.
_MOST_LABELS_ASIDE = 12


class Figure(NamedTuple):
    """A picture and what it shows; one with `spread` takes the page's whole width."""

    caption: str
    svg: Markup
    spread: bool = False


class RuleLevel(NamedTuple):
    """The strongest rules of a level: their table and their network."""

    level: str
    table: Table
    network: Figure


class TaskSection(NamedTuple):
    """A task of the run.

    Attributes:
        name: The task.
        outcome: `pushed`, `unchanged` or `refused`.
        pushed: Where to.
        refused_because: One sentence a reason.
        notes: What fell short and was no reason to refuse, one sentence each.
        judged: What the metrics are over.
        headline: The metrics that people look at first, by system.
        metrics: All metrics, by system.
        figures: Pictures of them.
        counts: Names and numbers of what the task learned from.
        definitions: What each segment means, of a segmentation by spend.
        profiles: What each segment is like, of a segmentation that was blessed.
        older_segments: The segments under the run's root are of an earlier model.
        rules: The strongest rules of each level that has any.
        rules_in_ranker: What rules add to the ranker, one sentence a metric.
    """

    name: str
    outcome: str
    pushed: str
    refused_because: list[str]
    notes: list[str]
    judged: str
    headline: Table
    metrics: Table
    figures: list[Figure]
    counts: list[tuple[str, str]]
    definitions: Table
    profiles: Table
    older_segments: bool
    rules: list[RuleLevel]
    rules_in_ranker: list[str]


def task_sections(summary: Mapping[str, Any], segments: Mapping[str, Any]) -> list[TaskSection]:
    """Returns the tasks in the order of the run.

    Args:
        summary: What the run did.
        segments: What `tfx_pipeline.tasks.segmentation.segment_files.read_segment_files` returns.
    """
    return [
        _task_section(name, task, segments if name == "segmentation" else {}) for name, task in summary["tasks"].items()
    ]


def _task_section(name: str, task: Mapping[str, Any], segments: Mapping[str, Any]) -> TaskSection:
    parts = {part: found["metrics"] for part, found in task.get("ablation", {}).items()}
    metrics: Mapping[str, float | None] = task["metrics"]["test"]
    systems = {"this model": metrics, **parts, **task["baselines"]}
    # Only a blessed run publishes its segments.
    own = segments if task["blessed"] else {}
    counts = {**{f"{split} examples": count for split, count in task["examples"].items()}, **task["counts"]}
    return TaskSection(
        name=name,
        outcome="refused" if not task["blessed"] else "pushed" if task["pushed"] else "unchanged",
        pushed=task["pushed"] or "",
        refused_because=task["refused_because"],
        notes=task.get("notes", []),
        judged=judged_over(task),
        headline=metrics_table(systems, [metric for metric in HEADLINE_METRICS if metric in metrics]),
        metrics=metrics_table(systems, metrics),
        figures=[
            *_difference_figures(task),
            *_slice_figures(task),
            *_confusion_figures(task),
            *_segment_figures(task, own),
        ],
        counts=[(in_words(what), f"{count:,}") for what, count in counts.items() if isinstance(count, int)],
        definitions=definitions_table(task.get("segment_definitions") or []),
        profiles=profiles_table(own.get("profiles", {}), _vocabulary(task)),
        older_segments=bool(segments) and not own,
        rules=_rule_levels(task),
        rules_in_ranker=rules_in_ranker(task),
    )


def _rule_levels(task: Mapping[str, Any]) -> list[RuleLevel]:
    levels = []
    for level, rules in task.get("rules", {}).get("strongest", {}).items():
        if rules:
            caption = f"The strongest rules of {level} level: from what is bought to what goes with it, wider by lift."
            levels.append(RuleLevel(level, rules_table(rules), Figure(caption, rules_network(rules))))
    return levels


def _difference_figures(task: Mapping[str, Any]) -> list[Figure]:
    figures = []
    for metric in _DRAWN:
        intervals = {
            in_words(other): Interval(found[metric]["mean"], found[metric]["low"], found[metric]["high"])
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
    what, labels, counts = "Texts" if "texts" in task else "Users", _vocabulary(task), task["confusion"]["counts"]
    spread = len(labels) > _MOST_LABELS_ASIDE
    figures = [Figure(f"{what} by true and given label.", confusion_chart(labels, counts), spread)]
    if task.get("calibration"):
        caption = f"{what} by the probability of the best label, and how often it is right; on the line is calibrated."
        figures.append(Figure(caption, calibration_chart(task["calibration"])))
    return figures


def _segment_figures(task: Mapping[str, Any], segments: Mapping[str, Any]) -> list[Figure]:
    figures, vocabulary = [], _vocabulary(task)
    if segments.get("map"):
        caption = f"{len(segments['map']):,} users as the model sees them, by segment; those alike are near each other."
        figures.append(Figure(caption, map_chart(segments["map"], vocabulary)))
    if segments.get("transitions"):
        users = sum(way["users"] for way in segments["transitions"])
        caption = f"Where {users:,} users went since the last blessed run."
        if task.get("definitions_changed"):
            caption += " The cut points have changed since: part of these moves are moves of the cut points."
        figures.append(Figure(caption, flow_chart(segments["transitions"], vocabulary)))
    return figures


def _vocabulary(task: Mapping[str, Any]) -> list[str]:
    """Returns a classifier's labels in their own order."""
    labels: list[str] = task.get("confusion", {}).get("labels", [])
    return labels


def _size(found: Mapping[str, Any]) -> int:
    size: int = next(found[name] for name in ("queries", "texts", "users") if name in found)
    return size


def _slice_values(found: Mapping[str, Any], metric: str) -> dict[str, float | None]:
    """Returns the metric of each system: the others' are the model's less the mean difference to them."""
    value = found["metrics"][metric]
    means = {other: differences.get(metric, {}).get("mean") for other, differences in found["differences"].items()}
    return {
        "this model": value,
        **{in_words(other): None if mean is None else value - mean for other, mean in means.items()},
    }
