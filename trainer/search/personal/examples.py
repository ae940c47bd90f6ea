"""Who asked what, what they had had and what they chose, in memory."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.example_files import example_features

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


class AskedExample(NamedTuple):
    """A user's query, their events before it, and the products that they chose of it.

    Attributes:
        query: The query.
        products: int64 `(events,)`, oldest first.
        types: int64 `(events,)`.
        age_seconds: float32 `(events,)`.
        targets: int64 `(chosen,)`.
        weights: float32 `(chosen,)`, above 0.
        fold: From 0 to 9, by the user.
    """

    query: str
    products: IntArray
    types: IntArray
    age_seconds: FloatArray
    targets: IntArray
    weights: FloatArray
    fold: int


def load_asked(examples_uri: str, most: int) -> list[AskedExample]:
    """Reads the split `personal` of an examples artifact; nothing where events have no queries.

    Args:
        examples_uri: The artifact.
        most: Examples to read at the most; files hold users in the order of a hash.
    """
    files = sorted(tf.io.gfile.glob(f"{examples_uri}/Split-personal/*.gz"))
    if not files:
        return []
    records = tf.data.TFRecordDataset(files, "GZIP").take(most).as_numpy_iterator()
    return [_parsed(example_features(record)) for record in records]


def _parsed(features: Any) -> AskedExample:
    integers = {
        name: np.array(features[name].int64_list.value, np.int64)
        for name in ("history_index", "history_type", "target_index", "fold")
    }
    floats = {
        name: np.array(features[name].float_list.value, np.float32) for name in ("history_age_seconds", "target_weight")
    }
    query: bytes = features["query"].bytes_list.value[0]
    return AskedExample(
        query.decode(),
        integers["history_index"],
        integers["history_type"],
        floats["history_age_seconds"],
        integers["target_index"],
        floats["target_weight"],
        int(integers["fold"][0]),
    )
