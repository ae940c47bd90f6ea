"""Tables of what classifiers say of test examples: the label, slices, and each system's probabilities."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

LABEL = "label"


def judged_schema(systems: Sequence[str], slice_columns: Sequence[str]) -> pa.Schema:
    """Returns the columns of judged examples: the label's place, slices, and the probabilities of each system."""
    return pa.schema(
        [
            (LABEL, pa.int64()),
            *((name, pa.string()) for name in slice_columns),
            *((probabilities_column(system), pa.list_(pa.float32())) for system in systems),
        ]
    )


def probabilities_column(system: str) -> str:
    """Returns the name of the column with a system's probabilities."""
    return f"{system}.probabilities"


def probabilities_of(judged: pa.Table, system: str, classes: int) -> npt.NDArray[np.float32]:
    """Returns the probabilities of a system, float32 `(rows, classes)`."""
    flat = judged[probabilities_column(system)].combine_chunks().flatten()
    return np.asarray(flat.to_numpy(zero_copy_only=False), np.float32).reshape(len(judged), classes)


def in_order_of(
    vocabulary: Sequence[str], labels: npt.NDArray[np.object_], probabilities: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Puts the answers of a served model into the order of a vocabulary.

    Args:
        vocabulary: The labels. One that the model does not know has probability 0; of one that only the model knows
            nothing is said.
        labels: bytes `(rows, labels)`, the most probable first.
        probabilities: float32 `(rows, labels)`.

    Returns:
        float32 `(rows, len(vocabulary))`.
    """
    place_of = {label.encode("utf-8", "surrogateescape"): place for place, label in enumerate(vocabulary)}
    places = np.array([place_of.get(label, -1) for label in labels.ravel()], np.int64).reshape(labels.shape)
    found = np.zeros((len(labels), len(vocabulary) + 1), np.float32)
    np.put_along_axis(found, places, probabilities, axis=1)
    return found[:, :-1]


def text_value(features: Mapping[str, Any], name: str) -> str | None:
    """Returns the text of a tf.Example's feature, None where it has none."""
    values = features[name].bytes_list.value if name in features else ()
    return values[0].decode("utf-8", "replace") if values else None
