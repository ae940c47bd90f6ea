"""Reads a TextVectors artifact: the vector of each distinct text of a catalogue."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trainer.artifacts.names import TEXT_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet


def load_text_vectors(uri: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Reads the vector of each text from a TextVectors artifact; zeros for the empty text.

    Returns:
        float32 `(texts, dimensions)`.

    Raises:
        ValueError: A text has no vector.
    """
    table = read_parquet(shards(uri, TEXT_VECTORS_PREFIX))
    vectors = _matrix(table.column("vector"))
    rows = {text: row for row, text in enumerate(table.column("text").to_pylist())}
    # A product without any text (only its id is known) gets the vector 0.
    missing = next((text for text in texts if text and text not in rows), None)
    if missing is not None:
        raise ValueError(
            f"{uri} should hold a vector for every product's text. There is none for {missing!r}: make the text "
            "vectors from the same products and the same text fields as the catalogue."
        )
    padded = np.concatenate([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    return padded[[rows.get(text, len(vectors)) for text in texts]]


def _matrix(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    flat = array.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(len(column), -1)
