"""Vectors of texts as Arrow tables."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

TEXT_VECTORS_SCHEMA = pa.schema([("text", pa.string()), ("vector", pa.list_(pa.float32()))])


def text_vectors_table(texts: Sequence[str], vectors: np.ndarray) -> pa.Table:
    """Returns n texts and their vectors, float32 `(n, d)`, with `TEXT_VECTORS_SCHEMA`."""
    return pa.table([pa.array(texts, pa.string()), vector_lists(vectors)], schema=TEXT_VECTORS_SCHEMA)


def vector_lists(vectors: np.ndarray) -> pa.ListArray:
    """Returns float32 `(n, d)` as a list column of n rows."""
    offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.ravel(), pa.float32()))
