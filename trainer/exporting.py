"""What the exports of all tasks share: where a served model stands, and what stands beside it."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf

from serving.graph.warm_up_file import EXTRA_ASSETS_FOLDER, write_warm_up_file
from trainer.artifacts.json_files import read_json

# Folder of a model artifact that holds the SavedModel; it is the one of TFX's `path_utils.serving_model_path`.
SERVING_FOLDER = "Format-Serving"
MODEL_CARD_FILE_NAME = "model_card.json"
# Key of a model card: the version that a model was trained as which has had its counts renewed since.
COUNTS_OF = "counts_of"


def write_extra_assets(
    folder: str,
    model: str,
    signatures: Mapping[str, Any],
    asked: Mapping[str, bytes | int],
    model_card: Mapping[str, Any],
) -> None:
    """Writes what stands beside a served model: its warm-up file and its model card.

    Args:
        folder: The SavedModel.
        model: Name that it is served under.
        signatures: Its traced signatures; each is warmed up with two rows.
        asked: Values of inputs in the first row, by name; all else is padding, which takes the way of what is unknown.
        model_card: Anything that JSON can hold.
    """
    requests = {name: _warm_up_inputs(function, asked) for name, function in signatures.items()}
    write_warm_up_file(folder, model, requests)
    with tf.io.gfile.GFile(tf.io.gfile.join(folder, EXTRA_ASSETS_FOLDER, MODEL_CARD_FILE_NAME), "w") as file:
        file.write(json.dumps(model_card, indent=2, ensure_ascii=False, sort_keys=True))


def read_model_card(folder: str) -> dict[str, Any]:
    """Reads the model card that stands beside a served model; empty where there is none."""
    path = tf.io.gfile.join(folder, EXTRA_ASSETS_FOLDER, MODEL_CARD_FILE_NAME)
    card: dict[str, Any] = read_json(path) if tf.io.gfile.exists(path) else {}
    return card


def products_of(catalogue: pa.Table) -> dict[str, Any]:
    """Returns the fields of `serving.graph.catalogue.ServedProducts` from a catalogue's columns."""
    return {
        "product_ids": byte_strings(catalogue["product_id"]),
        "titles": byte_strings(catalogue["title"]),
        "categories": byte_strings(catalogue["category"]),
        "prices": catalogue.column("price").cast(pa.float32()).fill_null(float("nan")).to_numpy(),
        "in_stock": catalogue.column("in_stock").fill_null(True).to_numpy(),
    }


def byte_strings(column: pa.ChunkedArray) -> list[bytes]:
    """Returns the values of a column of strings or bytes, b"" where there is none."""
    values: list[bytes] = column.cast(pa.large_binary()).fill_null(b"").to_pylist()
    return values


def _warm_up_inputs(function: Any, asked: Mapping[str, bytes | int]) -> dict[str, np.ndarray]:
    inputs = {}
    positional, named = function.structured_input_signature
    for spec in (*positional, *named.values()):
        name = spec.name
        empty = b"" if spec.dtype == tf.string else 0
        value = np.full([2, *spec.shape[1:]], empty, dtype=spec.dtype.as_numpy_dtype)
        if name in asked:
            value[(0,) * value.ndim] = asked[name]
        inputs[name] = value
    return inputs
