"""The end of a run on the terminal: metrics beside baselines, and what was pushed."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx_pipeline.summary.importance import importance_lines
from tfx_pipeline.summary.model import RunSummary, TaskSummary
from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.task import Task
from tfx_pipeline.terminal.console import console, plain_table

_HEADING_WIDTH, _NUMBER_WIDTH = 9, 6
# So many fit into 80 characters beside the names of the metrics.
_MOST_COLUMNS = 7


def print_summary(summary: RunSummary, root: Path) -> None:
    """Prints what became of the tables' rows, the tasks' metrics and models, and where the whole summary is."""
    for heading, tables in (("quarantined rows of", summary.quarantine), ("set aside of", summary.set_aside)):
        for table, reasons in tables.items():
            if reasons:
                listed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
                console.print(f"  {heading} {table}: {listed}")
    for note in summary.notes:
        console.print(f"note: {note}")
    for name, done in summary.tasks.items():
        task = TASKS[name]
        console.print(f"\n{name}, {task.judged_over(done)}")
        for table in _metrics_tables(task, done):
            console.print(table)
        _print_outcome(task, done)
    console.print(
        f"{summary.total_seconds:.0f} s, peak memory {summary.peak_rss_bytes / 2**30:.1f} GiB; "
        f"all of it in {root / 'summary.json'}"
    )
    console.print(f"report: {root / 'report.html'}")


def _metrics_tables(task: Task[Any], summary: TaskSummary) -> list[Any]:
    """Returns the model beside its baselines and its parts: in two tables where one would be too wide."""
    metrics = summary.metrics["test"]
    model = {"this model": metrics}
    parts = {name: part.metrics for name, part in summary.ablation.items()}
    if len(model) + len(parts) + len(summary.baselines) <= _MOST_COLUMNS:
        tables = [{**model, **parts, **summary.baselines}]
    else:
        tables = [{**model, **summary.baselines}, {**model, **parts}]
    rows = [metric for metric in task.headline if metric in metrics]
    return [_metrics_table(rows, columns) for columns in tables]


def _metrics_table(rows: list[str], columns: Mapping[str, Mapping[str, float | None]]) -> Any:
    table = plain_table("metric", *(_heading(label) for label in columns), min_width=_NUMBER_WIDTH)
    # With one character between two of them.
    table.collapse_padding, table.columns[0].no_wrap = True, True
    for metric in rows:
        table.add_row(metric, *(_number(values.get(metric)) for values in columns.values()))
    return table


def _print_outcome(task: Task[Any], summary: TaskSummary) -> None:
    for line in [*task.outcome_lines(summary), *importance_lines(summary)]:
        console.print(line)
    for note in summary.notes:
        console.print(f"{task.name} note: {note}")
    for reason in summary.refused_because:
        console.print(f"{task.name} refused: {reason}")
    if summary.pushed:
        console.print(f"{task.name} pushed to {summary.pushed}")
    if summary.waiting:
        console.print(f"{task.name} waits for approval in {summary.waiting}: `shelfwise waiting` shows it")


def _heading(label: str) -> str:
    """Returns a label over several lines, so that columns are hardly wider than their numbers."""
    return "\n".join(textwrap.wrap(label.replace("_", " "), _HEADING_WIDTH, break_long_words=False))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
