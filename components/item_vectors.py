"""Beam transforms from products to vectors, with the trained towers."""

from collections.abc import Iterable, Sequence

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.utils.shared import Shared

from trainer.backbone import TextEncoder, encode_texts
from trainer.item_features import ItemFeatures
from trainer.item_vectors import item_vectors
from trainer.parquet_files import read_parquet
from trainer.towers import ItemTower, load_towers

ITEM_VECTORS_SCHEMA = pa.schema([("product_index", pa.int64()), ("vector", pa.list_(pa.float32()))])
TEXT_VECTORS_SCHEMA = pa.schema([("text", pa.string()), ("vector", pa.list_(pa.float32()))])


class ComputeItemVectors(beam.PTransform):
    """Batches of ItemFeatures to tables with `ITEM_VECTORS_SCHEMA`.

    Args:
        model_uri: The trainer's output, which holds the item tower.
    """

    def __init__(self, model_uri: str) -> None:
        super().__init__()
        self._model_uri = model_uri

    def expand(self, features: beam.PCollection[ItemFeatures]) -> beam.PCollection[pa.Table]:
        """Adds the item tower to a pipeline."""
        return features | "ApplyItemTower" >> beam.ParDo(_ApplyItemTower(self._model_uri))


class EncodeWithTrainedEncoder(beam.PTransform):
    """Lists of texts to tables with `TEXT_VECTORS_SCHEMA`, by the text encoder that was trained with the towers.

    Args:
        model_uri: The trainer's output, which holds the text encoder.
        batch_size: Texts encoded at once.
    """

    def __init__(self, model_uri: str, batch_size: int) -> None:
        super().__init__()
        self._model_uri = model_uri
        self._batch_size = batch_size

    def expand(self, texts: beam.PCollection[Sequence[str]]) -> beam.PCollection[pa.Table]:
        """Adds the encoder to a pipeline."""
        return texts | "ApplyTextEncoder" >> beam.ParDo(_ApplyTextEncoder(self._model_uri, self._batch_size))


def vector_lists(vectors: np.ndarray) -> pa.ListArray:
    """Returns float32 `(n, d)` as a list column of n rows."""
    offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.ravel(), pa.float32()))


def read_item_vectors(uri: str, products: int) -> np.ndarray:
    """Reads `item_vectors-*.parquet` in the order of the catalogue.

    Args:
        uri: Output of CandidateIndex.
        products: Rows of the catalogue.

    Returns:
        float32 `(products, dimensions)`.

    Raises:
        ValueError: A product has no vector, or two.
    """
    table = read_parquet(f"{uri}/item_vectors-*.parquet").combine_chunks()
    index = table.column("product_index").to_numpy()
    if not np.array_equal(np.sort(index), np.arange(products)):
        raise ValueError(f"{uri} should hold one vector for each of {products} products, but holds {len(index)} rows.")
    flat = pa.concat_arrays(table.column("vector").chunks).flatten().to_numpy()
    vectors = np.empty((products, len(flat) // products), dtype=np.float32)
    vectors[index] = flat.reshape(products, -1)
    return vectors


class _ApplyItemTower(beam.DoFn):
    """Loads the tower once a process."""

    def __init__(self, model_uri: str) -> None:
        self._model_uri = model_uri
        self._shared = Shared()
        self._tower: ItemTower | None = None

    def setup(self) -> None:
        self._tower = self._shared.acquire(lambda: load_towers(self._model_uri).item_tower, tag=self._model_uri)

    def process(self, element: ItemFeatures) -> Iterable[pa.Table]:
        if self._tower is None:
            raise RuntimeError("Beam calls setup() before process().")
        vectors = item_vectors(self._tower, element)
        indices = pa.array(element.product_index, pa.int64())
        yield pa.table([indices, vector_lists(vectors)], schema=ITEM_VECTORS_SCHEMA)


class _ApplyTextEncoder(beam.DoFn):
    """Loads the encoder once a process."""

    def __init__(self, model_uri: str, batch_size: int) -> None:
        self._model_uri = model_uri
        self._batch_size = batch_size
        self._shared = Shared()
        self._encoder: TextEncoder | None = None

    def setup(self) -> None:
        self._encoder = self._shared.acquire(lambda: load_towers(self._model_uri).text_encoder, tag=self._model_uri)

    def process(self, element: Sequence[str]) -> Iterable[pa.Table]:
        if self._encoder is None:
            raise ValueError(f"{self._model_uri} holds no trained text encoder to encode texts with.")
        vectors = encode_texts(self._encoder, element, self._batch_size)
        yield pa.table([pa.array(element, pa.string()), vector_lists(vectors)], schema=TEXT_VECTORS_SCHEMA)
