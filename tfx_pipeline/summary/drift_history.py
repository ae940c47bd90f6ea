"""drift.jsonl: how far the columns of the tables moved from run to run; loads no TFX."""

import json
from datetime import UTC, datetime
from pathlib import Path

from tfx_pipeline.summary.model import ColumnDrift, RunSummary

FILE_NAME = "drift.jsonl"
# Runs that are read.
_LATEST = 20


def append_drift(root: Path, summary: RunSummary) -> None:
    """Adds a line for a run, unless it compared the same tables as the last one, or none with anything."""
    if not any(summary.drift.values()):
        return
    drift = {table: [each.model_dump(mode="json") for each in found] for table, found in summary.drift.items()}
    lines = _lines(root)
    if lines and lines[-1]["drift"] == drift:
        return
    line = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "drift": drift}
    with (root / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def drift_history(root: Path | None) -> dict[tuple[str, str, str], list[float]]:
    """Returns how far each column moved in the last runs, oldest first, in parts of what it may.

    Args:
        root: The runs' folder; None where there is none to look at.

    Returns:
        By table, column and measure.
    """
    history: dict[tuple[str, str, str], list[float]] = {}
    for line in _lines(root)[-_LATEST:]:
        for table, found in line["drift"].items():
            for values in found:
                each = ColumnDrift.model_validate(values)
                history.setdefault((table, each.column, each.measure), []).append(each.value / each.limit)
    return history


def _lines(root: Path | None) -> list[dict[str, dict[str, list[dict[str, object]]]]]:
    file = None if root is None else root / FILE_NAME
    if file is None or not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
