"""What the report says of tables and tasks, taken from the summary."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.charts import Interval, dots_chart, intervals_chart
from tfx_pipeline.figures.tables import Cell, Table, in_words, metrics_table, words_cell
from tfx_pipeline.report.importance import importance_blocks
from tfx_pipeline.report.study import study_blocks
from tfx_pipeline.report.trust import trust_blocks
from tfx_pipeline.summary.drift_history import drift_history
from tfx_pipeline.summary.model import RunSummary, Slice, TaskSummary
from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.task import Task

# Slices that are drawn, the largest ones.
_MOST_MOVED = 20
# From an eighth of a block to a full one.
_BLOCKS = "".join(map(chr, range(0x2581, 0x2589)))
_MOST_SLICES = 24


class TaskSection(NamedTuple):
    """A task of the run.

    Attributes:
        name: The task.
        outcome: `pushed`, `waiting`, `unchanged` or `refused`.
        pushed: Where to.
        refused_because: One sentence a reason.
        notes: What fell short and was no reason to refuse, one sentence each.
        judged: What the metrics are over.
        headline: The metrics that people look at first, by system.
        metrics: All metrics, by system.
        figures: Pictures of them.
        blocks: What the task says of itself.
        counts: Names and numbers of what the task learned from.
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
    blocks: list[Block]
    counts: list[tuple[str, str]]


def task_sections(summary: RunSummary, root: Path | None) -> list[TaskSection]:
    """Returns the tasks in the order of the run.

    Args:
        summary: What the run did.
        root: The run's folder, with what tasks have published there; None where there is none to look at.
    """
    return [_task_section(TASKS[name], done, root) for name, done in summary.tasks.items()]


def _task_section(task: Task[Any], done: TaskSummary, root: Path | None) -> TaskSection:
    metrics = done.metrics["test"]
    parts = {name: part.metrics for name, part in done.ablation.items()}
    systems = {"this model": metrics, **parts, **done.baselines}
    counts = {**{f"{split} examples": count for split, count in done.examples.items()}, **done.counts}
    return TaskSection(
        name=task.name,
        outcome=_outcome(done),
        pushed=done.pushed or "",
        refused_because=done.refused_because,
        notes=done.notes,
        judged=task.judged_over(done),
        headline=metrics_table(systems, [metric for metric in task.headline if metric in metrics]),
        metrics=metrics_table(systems, metrics),
        figures=[
            *_difference_figures(task, done),
            *_slice_figures(task, done),
            *task.report_figures(done, root),
        ],
        blocks=[
            *importance_blocks(done),
            *task.report_blocks(done, root),
            *trust_blocks(done),
            *study_blocks(root, task.name),
        ],
        counts=[(in_words(what), f"{count:,}") for what, count in counts.items() if isinstance(count, int)],
    )


def inputs_table(summary: RunSummary) -> Table:
    """Returns the tables that the run was given: rows read and kept, and by reason those refused and set aside."""
    rows = []
    for name, counts in summary.tables.items():
        # One that a task makes up for itself has a gate too.
        if summary.config["tables"].get(name) is None:
            continue
        left_out = (words_cell(_reasons(rows_of.get(name, {}))) for rows_of in (summary.quarantine, summary.set_aside))
        rows.append([Cell(name), Cell(f"{counts.rows:,}"), Cell(f"{counts.good:,}"), *left_out])
    return Table(["table", "rows", "good", "quarantined", "set aside"], rows)


def drift_table(summary: RunSummary, root: Path | None) -> Table:
    """Returns the columns that have moved since the last run, those that moved most first, and a line of the last runs.

    Args:
        summary: What the run did.
        root: The run's folder, with what earlier runs have noted; None where there is none to look at.
    """
    history = drift_history(root)
    moved = [(table, each) for table, found in summary.drift.items() for each in found]
    rows = [
        [
            Cell(f"{table}.{each.column}"),
            words_cell(in_words(each.measure)),
            Cell(f"{each.value:.3g}"),
            Cell(f"{each.limit:.3g}"),
            Cell(_line(history.get((table, each.column, each.measure), []))),
            words_cell(each.what if each.too_far else ""),
        ]
        for table, each in sorted(moved, key=lambda item: -item[1].value / item[1].limit)[:_MOST_MOVED]
    ]
    return Table(["column", "measure", "moved", "may move", "last runs", "what has changed"], rows)


def _line(values: Sequence[float]) -> str:
    """Draws values as a line of blocks; a full one is as far as the column may move, or farther."""
    return "".join(_BLOCKS[min(int(value * (len(_BLOCKS) - 1)), len(_BLOCKS) - 1)] for value in values)


def node_costs_table(summary: RunSummary) -> Table:
    """Returns seconds and peak memory of each node that worked, in the order in which they ended."""
    rows = [
        [
            Cell(name),
            Cell(f"{seconds:,.1f}"),
            Cell(f"{summary.node_cpu_seconds.get(name, 0.0):,.1f}"),
            Cell(f"{summary.node_peak_bytes[name] / 2**30:.2f}"),
        ]
        for name, seconds in summary.seconds.items()
        if name in summary.node_peak_bytes
    ]
    return Table(["node", "seconds", "processor seconds", "peak memory, GiB"], rows)


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {in_words(reason)}" for reason, count in counts.items()) or "none"


def _difference_figures(task: Task[Any], done: TaskSummary) -> list[Figure]:
    others = {**done.differences, **{name: part.differences for name, part in done.ablation.items()}}
    figures = []
    for metric in task.drawn:
        intervals = {
            in_words(other): Interval(interval.mean, interval.low, interval.high)
            for other, differences in others.items()
            if (interval := differences.get(metric)) is not None and interval.mean is not None
        }
        if intervals:
            caption = f"{metric} of this model above each other system, with 95% bootstrap intervals, each by itself."
            figures.append(Figure(caption, intervals_chart(intervals, f"difference of {metric}")))
    return figures


def _slice_figures(task: Task[Any], done: TaskSummary) -> list[Figure]:
    def size(found: Slice) -> int:
        return int((found.model_extra or {})[task.counted])

    slices = sorted((done.slices or {}).items(), key=lambda item: -size(item[1]))[:_MOST_SLICES]
    figures = []
    for metric in task.drawn:
        rows = {
            f"{name} ({size(found):,})": _slice_values(found, metric)
            for name, found in slices
            if found.metrics.get(metric) is not None
        }
        if rows:
            figures.append(Figure(f"{metric} by slice, with the size of each.", dots_chart(rows, metric)))
    return figures


def _slice_values(found: Slice, metric: str) -> Mapping[str, float | None]:
    """Returns the metric of each system: the others' are the model's less the mean difference to them."""
    value = found.metrics[metric]
    values: dict[str, float | None] = {"this model": value}
    for other, differences in found.differences.items():
        interval = differences.get(metric)
        known = value is not None and interval is not None and interval.mean is not None
        values[in_words(other)] = value - interval.mean if known else None  # type: ignore[operator,union-attr]
    return values


def _outcome(done: TaskSummary) -> str:
    if not done.blessed:
        return "refused"
    return "waiting" if done.waiting else "pushed" if done.pushed else "unchanged"
