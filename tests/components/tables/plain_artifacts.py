"""Tables and examples as plain rows: written as the nodes write them, and read back."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.types import standard_artifacts

_TIMES = {"timestamp", "shown_at", "responded_at", "start", "end", "date"}
_INTEGERS = {*_TIMES, "position", "turn", "in_stock", "clicked", "redeemed"}
_STOCK = {"discount", "share", "on_hand", "lead_time_days", "pack_size", "unit_cost"}
_FLOATS = {"price", "quantity", "rating", "value", "dwell_seconds", "relevance", "screen", "propensity", *_STOCK}


def read_examples(folder: Path) -> list[dict[str, list[Any]]]:
    """Returns the tf.Examples of a split as plain lists, in order of file and place."""
    rows = []
    for record in tf.data.TFRecordDataset([str(file) for file in sorted(folder.glob("*.gz"))], "GZIP"):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        rows.append({name: _values(feature) for name, feature in sorted(features.items())})
    return rows


def read_quarantine(folder: Path) -> list[dict[str, Any]]:
    """Returns the quarantined rows with their reasons."""
    files = sorted(folder.glob("quarantine-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _values(feature: tf.train.Feature) -> list[Any]:
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


def table_artifact(folder: Path, rows: list[dict[str, Any]], files: int) -> standard_artifacts.Examples:
    """Writes plain rows as TableExampleGen would."""
    (folder / "Split-all").mkdir(parents=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for number in range(files):
        part = rows[number::files]
        table = {name: pa.array([_listed(row.get(name)) for row in part], _type(name)) for name in columns}
        pq.write_table(pa.table(table), folder / "Split-all" / f"data-{number:05d}.parquet")
    artifact = standard_artifacts.Examples()
    artifact.uri, artifact.split_names = str(folder), '["all"]'
    return artifact


def _listed(value: Any) -> list[Any] | None:
    return None if value is None else [value.encode() if isinstance(value, str) else value]


def _type(name: str) -> pa.DataType:
    if name in _INTEGERS:
        return pa.list_(pa.int64())
    return pa.list_(pa.float32() if name in _FLOATS else pa.binary())
