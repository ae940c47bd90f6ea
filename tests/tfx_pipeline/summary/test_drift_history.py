"""How far columns moved, from run to run, and on the page."""

from pathlib import Path

import pytest

from tests.tfx_pipeline.summaries import write_summary_of
from tfx_pipeline.report.sections import drift_table
from tfx_pipeline.summary.drift_history import append_drift, drift_history
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.model import ColumnDrift, RunSummary


def run_with(root: Path, *values: float) -> RunSummary:
    write_summary_of(root, "search")
    moved = [
        ColumnDrift(
            column=f"c{place}", measure="new_values", value=value, limit=0.1, what=f"{value} new", too_far=value > 0.1
        )
        for place, value in enumerate(values)
    ]
    return summary_of_run(root).model_copy(update={"drift": {"events": moved}})


def test_each_run_adds_a_line_and_the_same_run_none(tmp_path: Path) -> None:
    write_summary_of(tmp_path, "search")
    append_drift(tmp_path, summary_of_run(tmp_path))
    assert drift_history(tmp_path) == {}
    for value in (0.0, 0.05, 0.05, 0.3):
        append_drift(tmp_path, run_with(tmp_path, value))
    assert drift_history(tmp_path) == {("events", "c0", "new_values"): pytest.approx([0.0, 0.5, 3.0])}
    assert drift_history(None) == {}


def test_the_page_shows_what_moved_most_first_and_a_line_of_the_last_runs(tmp_path: Path) -> None:
    for values in ((0.0, 0.0), (0.05, 0.3)):
        append_drift(tmp_path, run_with(tmp_path, *values))
    first, second = drift_table(run_with(tmp_path, 0.05, 0.3), tmp_path).rows
    assert [cell.text for cell in first] == ["events.c1", "new values", "0.3", "0.1", "▁█", "0.3 new"]
    assert [cell.text for cell in second] == ["events.c0", "new values", "0.05", "0.1", "▁▄", ""]
