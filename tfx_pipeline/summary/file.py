"""Reads and writes a run's summary.json; loads no TFX."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FILE_NAME = "summary.json"


def write_summary(root: Path, summary: Mapping[str, Any]) -> Path:
    """Writes summary.json under `root`, whole or not at all."""
    file = root / _FILE_NAME
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.rename(file)
    return file


def read_summary(root: Path) -> dict[str, Any]:
    """Returns the last run's summary, empty where there was none."""
    file = root / _FILE_NAME
    if not file.exists():
        return {}
    summary: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return summary
