"""What the nodes of a run wrote, row by row and in no order, so that two runs can be compared."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import tensorflow as tf

from tfx_pipeline.summary.run_artifacts import latest_artifact

_DIGITS = 5


def rows_of_run(root: Path) -> dict[str, Counter[str]]:
    """Returns the rows of each output of every node up to the first training, by `NODE/OUTPUT`.

    Trained models are left out, with all that comes of them: a runner hands examples on in an order of its own, and
    what is learned from them in another order differs by noise.
    """
    found = {}
    for node in sorted(path.name for path in (root / "artifacts").iterdir() if path.is_dir()):
        for output in sorted(path.name for path in (root / "artifacts" / node).iterdir() if path.name[0] != "."):
            rows = Counter(_rows(latest_artifact(root, node, output)))
            if rows and _is_data(node):
                found[f"{node}/{output}"] = rows
    return found


def unequal(one: dict[str, Counter[str]], other: dict[str, Counter[str]]) -> list[str]:
    """Returns the outputs whose rows differ, or that one of the runs lacks."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _is_data(node: str) -> bool:
    return node.endswith(("ExampleGen", "DataGate", "Examples", "Rules", "TextVectors", "Transform", "Reviews"))


def _rows(folder: Path) -> Iterator[str]:
    """Yields the rows of the tables and records in a folder, each as text that equal rows have alike."""
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".parquet":
            for row in pq.read_table(file).to_pylist():
                yield row_text(row)
        elif file.suffix == ".gz":
            for record in tf.data.TFRecordDataset(str(file), "GZIP").as_numpy_iterator():
                features = tf.train.Example.FromString(record).features.feature
                yield row_text({name: _values(feature) for name, feature in features.items()})


def _values(feature: Any) -> list[Any]:
    kind = feature.WhichOneof("kind")
    return [] if kind is None else list(getattr(feature, kind).value)


def row_text(row: dict[str, Any]) -> str:
    """Returns a row as text that equal rows have alike; floats to five digits, as sums differ by their order."""
    return json.dumps(_plain(row), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return value if isinstance(value, str | int | bool | None) else repr(value)
