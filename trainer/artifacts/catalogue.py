"""A Catalogue artifact: the shop's products with their texts, and what was counted of them."""

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from trainer.artifacts.parquet_files import read_parquet


def load_catalogue(catalogue_uri: str) -> pa.Table:
    """Reads the catalogue's table; a row's number is its product's index."""
    return read_parquet(os.path.join(catalogue_uri, "catalogue.parquet"))


def load_catalogue_facts(catalogue_uri: str) -> dict[str, Any]:
    """Reads catalogue.json: event types, split times and counts."""
    with tf.io.gfile.GFile(os.path.join(catalogue_uri, "catalogue.json"), "r") as stream:
        facts: dict[str, Any] = json.load(stream)
    return facts


def distinct_texts(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Returns each text's row among the distinct texts, and those in order of first appearance."""
    places: dict[str, int] = {}
    rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int32, len(texts))
    return rows, list(places)
