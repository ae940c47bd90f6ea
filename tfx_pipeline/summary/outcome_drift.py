"""How far what models say has moved since the last run, beside how far the tables have; loads no TFX."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.tables.drift.options import DriftOptions
from tfx_pipeline.summary.model import ColumnDrift, RunSummary, TaskSummary

# The reason under which a table quarantines events of products that the catalogue lacks.
UNKNOWN_PRODUCT = "unknown_product"
# What may be chance: the value of Kolmogorov and Smirnov at 1% for two samples.
_CHANCE = 1.63
_MEASURES = ("unknown", "scores", "calibration")


def with_outcome_drift(before: RunSummary | None, now: RunSummary, options: DriftOptions) -> RunSummary:
    """Returns a summary with what moved beyond its tables: unknown products, answers of labels and calibration.

    What moved by more than it may is a note, as a moved column is. A run that made nothing anew says what the last one
    said.

    Args:
        before: What the last run under this root came to; None where there was none.
        now: What this one did.
        options: How far things may move.
    """
    if before is None or options.action == "off":
        return now
    found: dict[str, list[ColumnDrift]] = {}
    if all(name in before.tasks and _is_same(before.tasks[name], task) for name, task in now.tasks.items()):
        for name, moved in before.drift.items():
            found[name] = [each for each in moved if each.measure in _MEASURES]
    else:
        for table in now.tables:
            found[table] = list(_unknown(table, before, now, options))
        for name, task in now.tasks.items():
            if name in before.tasks:
                found[name] = list(_of_task(before.tasks[name], task, options))
    found = {name: moved for name, moved in found.items() if moved}
    if not found:
        return now
    drift = {**now.drift, **{name: [*now.drift.get(name, []), *moved] for name, moved in found.items()}}
    notes = [
        f"{'Table' if name in now.tables else 'Task'} `{name}` has changed since the last run: {each.what}."
        for name, moved in found.items()
        for each in moved
        if each.too_far
    ]
    return now.model_copy(update={"drift": drift, "notes": [*now.notes, *notes]})


def _is_same(before: TaskSummary, now: TaskSummary) -> bool:
    return before.fingerprint == now.fingerprint


def _unknown(table: str, before: RunSummary, now: RunSummary, options: DriftOptions) -> Iterator[ColumnDrift]:
    """Compares the shares of rows whose product the catalogue lacks."""
    if table not in before.tables or not any(
        UNKNOWN_PRODUCT in each.quarantine.get(table, {}) for each in (before, now)
    ):
        return
    rows = [max(each.tables[table].rows, 1) for each in (before, now)]
    shares = [
        each.quarantine.get(table, {}).get(UNKNOWN_PRODUCT, 0) / count
        for each, count in zip((before, now), rows, strict=True)
    ]
    what = f"{shares[1]:.1%} of the rows are of products that the catalogue lacks ({shares[0]:.1%} before)"
    yield _moved("product_id", "unknown", shares[1] - shares[0], options.unknown, rows, what)


def _of_task(before: TaskSummary, now: TaskSummary, options: DriftOptions) -> Iterator[ColumnDrift]:
    confusions = [each.detail("confusion") for each in (before, now)]
    if all(confusions):
        old, new = (_answers(confusion) for confusion in confusions)
        rows = [max(sum(each.values()), 1) for each in (old, new)]
        shares = [
            {label: count / total for label, count in each.items()}
            for each, total in zip((old, new), rows, strict=True)
        ]
        change = {label: shares[1].get(label, 0.0) - shares[0].get(label, 0.0) for label in {**old, **new}}
        most = max(change, key=lambda label: (abs(change[label]), label))
        what = f"`{most}` is {shares[1].get(most, 0.0):.1%} of its answers ({shares[0].get(most, 0.0):.1%} before)"
        yield _moved("answers", "scores", change[most], options.scores, rows, what)
        errors = [each.metrics.get("test", {}).get("calibration_error") for each in (before, now)]
        if errors[0] is not None and errors[1] is not None:
            what = f"its calibration error is {errors[1]:.3f} ({errors[0]:.3f} before)"
            yield _moved("calibration", "calibration", errors[1] - errors[0], options.calibration, rows, what)


def _answers(confusion: Mapping[str, Any]) -> dict[str, int]:
    """Returns how often each label was answered."""
    counts: Sequence[Sequence[int]] = confusion["counts"]
    return {label: sum(row[place] for row in counts) for place, label in enumerate(confusion["labels"])}


def _moved(column: str, measure: str, change: float, limit: float, rows: Sequence[int], what: str) -> ColumnDrift:
    limit = max(limit, _CHANCE * math.sqrt(sum(1.0 / count for count in rows)))
    far = abs(change)
    return ColumnDrift(column=column, measure=measure, value=far, limit=limit, what=what, too_far=far > limit)
