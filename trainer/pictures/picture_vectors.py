"""Reads a PictureVectors artifact: the vector of the picture of each row."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.artifacts.names import PICTURE_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_batches

_ROWS_AT_ONCE = 4_096


def load_picture_vectors(uri: str, references: Sequence[str | None]) -> npt.NDArray[np.float32]:
    """Reads the vector of each row's picture; a row of NaN where there is none, or none that can be used.

    Memory holds what is returned and some thousand vectors more.

    Args:
        uri: The artifact.
        references: What the rows say of where their pictures lie.

    Returns:
        float32 `(rows, dimensions)`; no column where the artifact has no vector.
    """
    wanted = pa.array(references, pa.string())
    vectors: npt.NDArray[np.float32] | None = None
    for batch in read_batches(shards(uri, PICTURE_VECTORS_PREFIX), _ROWS_AT_ONCE):
        own = batch.column("vector").flatten().to_numpy().reshape(len(batch), -1)
        if vectors is None:
            vectors = np.full((len(references), own.shape[1]), np.nan, np.float32)
        named = batch.column("references")
        parents = pc.list_parent_indices(named).to_numpy()
        places = pc.fill_null(pc.index_in(wanted, value_set=pc.list_flatten(named)), -1).to_numpy()
        rows = np.flatnonzero((places >= 0) & wanted.is_valid().to_numpy(zero_copy_only=False))
        vectors[rows] = own[parents[places[rows]]]
    return np.zeros((len(references), 0), np.float32) if vectors is None else vectors
