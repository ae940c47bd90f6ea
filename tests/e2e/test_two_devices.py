"""Tasks of a shop on two virtual devices in half precision, as on a machine with two GPUs."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.components.segmentation.shop import OPTIONS, events, products, users
from tests.e2e.shop import read_summary, write_config
from tests.trainer.classification.tiny_classifier import LABELS, made_texts
from tfx_pipeline.summary.run_artifacts import latest_artifact

# What trains on more than one device must be known before TensorFlow looks at any.
ON_TWO_DEVICES = """
import sys
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
from tfx_pipeline.commands.cli import app
app(["run", "--config", sys.argv[1], "--root", sys.argv[2]])
"""
# Nothing that so small a shop teaches is better than its baselines.
OPEN_GATE: dict[str, Any] = {"baseline_margins": {}}
IN_HALF_PRECISION = {"precision": "mixed_float16", "learning_rate": 1e-2}
RECOMMENDATION = {
    "event_types": {"view": 0.5, "purchase": 1.0},
    "towers": {"dimensions": 16, "layers": 1, "history": 8},
    "training": {"max_epochs": 1, **IN_HALF_PRECISION},
    "ranker": {"max_epochs": 1, "windows": 2},
    "rules": {"min_support": 2},
    "serving": {"history_length": OPTIONS.history_length},
    "gate": {"min_slice_users": 2, **OPEN_GATE},
}
SEARCH = {
    "text_training": "full",
    "queries": {"pseudo_queries": "always", "eval_fraction": 0.2, "test_fraction": 0.4},
    "training": {"max_epochs": 1, "batch_size": 15, "query_layers": 1, **IN_HALF_PRECISION},
    "gate": {"min_users": 5, "min_slice_queries": 3, **OPEN_GATE},
}
CLASSIFICATION = {
    "sequence_length": 16,
    "pretrain_steps": 5,
    "pretraining": {"min_texts": 100, "batch_size": 16},
    "training": {"max_epochs": 4, "batch_size": 16, **IN_HALF_PRECISION},
    "gate": OPEN_GATE,
}
SEGMENTATION = {
    "event_types": list(OPTIONS.event_types),
    "segments": OPTIONS.segments.model_dump(exclude_none=True),
    "history_length": OPTIONS.history_length,
    "sequence_length": 16,
    "training": {"max_epochs": 2, "batch_size": 16, **IN_HALF_PRECISION},
    "gate": {"min_slice_users": 5, **OPEN_GATE},
}


DEVICES = ["CPU:0", "CPU:1"]


def run_on_two_devices(
    folder: Path, tiny_bert: Path, tables: Mapping[str, Any], tasks: Mapping[str, Any], **keys: Any
) -> Path:
    """Writes tables and a configuration, runs them in a process that has two devices, and returns the root."""
    for name, table in tables.items():
        pd.DataFrame(table).to_json(folder / f"{name}.jsonl", orient="records", lines=True, force_ascii=False)
    config = write_config(
        folder,
        tables={name: f"{name}.jsonl" for name in tables},
        text={"backbone": str(tiny_bert), "training": "full"},
        tasks=tasks,
        **keys,
    )
    root = folder / "root"
    command = [sys.executable, "-c", ON_TWO_DEVICES, str(config), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    return root


def labelled_texts() -> dict[str, list[str]]:
    """Texts in which one word tells the label."""
    made = made_texts(400, 1)
    return {"text": made.texts, "label": [LABELS[place] for place in made.labels]}


def devices(root: Path, trainer: str) -> list[str]:
    """What a trainer's node says that it trained on."""
    training = json.loads((latest_artifact(root, trainer, "model") / "training.json").read_text())
    found: list[str] = training["hardware"]["devices"]
    return found


@pytest.mark.long
def test_a_classifier_is_trained_on_both_and_pushed(tmp_path: Path, tiny_bert: Path) -> None:
    without_pretraining = {key: value for key, value in CLASSIFICATION.items() if not key.startswith("pretrain")}
    tasks = {"classification": without_pretraining}
    root = run_on_two_devices(tmp_path, tiny_bert, {"texts": labelled_texts()}, tasks)
    task = read_summary(root)["tasks"]["classification"]
    assert task["pushed"]
    assert task["metrics"]["test"]["f1_macro"] > 0.9
    assert devices(root, "ClassificationTrainer") == DEVICES


@pytest.mark.long
def test_every_task_is_trained_and_pushed(tmp_path: Path, tiny_bert: Path) -> None:
    rows = events()
    tables = {"products": products(), "events": rows, "users": users(rows), "texts": labelled_texts()}
    given = {
        "recommendation": RECOMMENDATION,
        "search": SEARCH,
        "classification": CLASSIFICATION,
        "segmentation": SEGMENTATION,
    }
    root = run_on_two_devices(tmp_path, tiny_bert, tables, given, features={"users": {"categorical": ["shop"]}})
    tasks = read_summary(root)["tasks"]
    assert {name for name, task in tasks.items() if task["pushed"]} == {*tasks} == {*given}
    assert tasks["classification"]["metrics"]["test"]["f1_macro"] > 0.9
    for task in given:
        assert devices(root, f"{task.capitalize()}Trainer") == DEVICES
