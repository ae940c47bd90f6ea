"""Reads a TextVectors artifact: the vector of each distinct text of a catalogue."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.artifacts.names import TEXT_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_batches

_ROWS_AT_ONCE = 16_384


def load_text_vectors(uri: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Reads the vector of each text from a TextVectors artifact; zeros for the empty text.

    Memory holds what is returned and some thousand vectors more.

    Returns:
        float32 `(texts, dimensions)`.

    Raises:
        ValueError: A text has no vector.
    """
    wanted = pa.array(texts, pa.string())
    vectors: npt.NDArray[np.float32] | None = None
    # A product without any text (only its id is known) gets the vector 0.
    found = pc.equal(wanted, "").to_numpy(zero_copy_only=False)
    for batch in read_batches(shards(uri, TEXT_VECTORS_PREFIX), _ROWS_AT_ONCE):
        own = batch.column("vector").flatten().to_numpy().reshape(len(batch), -1)
        if vectors is None:
            vectors = np.zeros((len(texts), own.shape[1]), np.float32)
        places = pc.fill_null(pc.index_in(wanted, value_set=batch.column("text")), -1).to_numpy()
        rows = np.flatnonzero(places >= 0)
        vectors[rows] = own[places[rows]]
        found[rows] = True
    if vectors is None or not found.all():
        missing = "any" if vectors is None else repr(texts[int(found.argmin())])
        raise ValueError(
            f"{uri} should hold a vector for every product's text. There is none for {missing}: make the text "
            "vectors from the same products and the same text fields as the catalogue."
        )
    return vectors
