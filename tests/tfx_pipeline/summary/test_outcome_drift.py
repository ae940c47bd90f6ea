"""What models say is compared with the last run, beside shares worked out by hand."""

from typing import Any

import pytest

from components.tables.drift.options import DriftOptions
from components.tables.quarantine import UNKNOWN_PRODUCT as QUARANTINED
from tfx_pipeline.summary.model import RunSummary, TaskSummary
from tfx_pipeline.summary.outcome_drift import UNKNOWN_PRODUCT, with_outcome_drift


def summary(counts: list[list[int]], error: float = 0.02, unknown: int = 0, fingerprint: str = "a") -> RunSummary:
    task = TaskSummary(
        metrics={"test": {"calibration_error": error}},
        baselines={},
        blessed=True,
        refused_because=[],
        pushed=None,
        examples={},
        counts={},
        model_bytes=1,
        fingerprint=fingerprint,
        confusion={"labels": ["low", "high"], "counts": counts},
    )
    values: dict[str, Any] = {"seconds": {}, "total_seconds": 1.0, "peak_rss_bytes": 1}
    return RunSummary(
        version=1,
        config={},
        tasks={"segmentation": task},
        tables={"events": {"rows": 10_000, "good": 10_000 - unknown}},
        quarantine={"events": {UNKNOWN_PRODUCT: unknown}} if unknown else {},
        **values,
    )


BEFORE = summary([[400, 100], [100, 400]])


def test_the_reason_is_that_of_the_quarantine() -> None:
    assert UNKNOWN_PRODUCT == QUARANTINED


def test_answers_and_unknown_products_that_moved_are_named_with_their_size() -> None:
    now = with_outcome_drift(BEFORE, summary([[500, 0], [300, 200]], unknown=500, fingerprint="b"), DriftOptions())
    drift = {(name, each.measure): each for name, moved in now.drift.items() for each in moved}
    assert drift["events", "unknown"].value == pytest.approx(0.05)
    assert drift["segmentation", "scores"].value == pytest.approx(0.3)
    assert {key for key, each in drift.items() if each.too_far} == {("events", "unknown"), ("segmentation", "scores")}
    assert now.notes == [
        "Table `events` has changed since the last run: 5.0% of the rows are of products that the "
        "catalogue lacks (0.0% before).",
        "Task `segmentation` has changed since the last run: `low` is 80.0% of its answers (50.0% before).",
    ]


def test_a_worse_calibration_is_named_unless_it_may_be_chance() -> None:
    many = [[40_000, 10_000], [10_000, 40_000]]
    for counts, named in ((many, True), ([[40, 10], [10, 40]], False)):
        now = with_outcome_drift(summary(counts), summary(counts, error=0.1, fingerprint="b"), DriftOptions())
        assert any("calibration error is 0.100 (0.020 before)" in note for note in now.notes) == named


def test_a_run_that_made_nothing_anew_says_what_the_last_one_said() -> None:
    first = with_outcome_drift(BEFORE, summary([[500, 0], [300, 200]], fingerprint="b"), DriftOptions())
    again = with_outcome_drift(first, summary([[500, 0], [300, 200]], fingerprint="b"), DriftOptions())
    assert again == first


@pytest.mark.parametrize(("before", "action"), [(None, "warn"), (BEFORE, "off")])
def test_nothing_is_said_without_a_run_before_or_where_it_is_off(before: RunSummary | None, action: Any) -> None:
    now = summary([[500, 0], [300, 200]], fingerprint="b")
    assert with_outcome_drift(before, now, DriftOptions(action=action)) == now
