"""The vectors of all products: computed with the trained towers in Beam, written, and read back."""

from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.utils.shared import Shared

from components.products.vector_tables import vector_lists
from trainer.artifacts.names import ITEM_VECTORS_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import Towers, load_towers

ITEM_VECTORS_SCHEMA = pa.schema([("product_index", pa.int64()), ("vector", pa.list_(pa.float32()))])


@dataclass(frozen=True, kw_only=True)
class ItemSources:
    """Where a worker finds the towers and what they read.

    Attributes:
        towers_uri: The trainer's output, which holds the towers.
        catalogue_uri: The catalogue.
        transformed_products_uri: Transformed numbers and categories; None where there is no products table.
        text_vectors_uri: Vectors of the texts; None where text is off.
    """

    towers_uri: str
    catalogue_uri: str
    transformed_products_uri: str | None
    text_vectors_uri: str | None

    def load(self) -> "LoadedItems":
        """Loads the towers and the features of the whole catalogue."""
        features = load_items(self.catalogue_uri, self.transformed_products_uri, self.text_vectors_uri)
        return LoadedItems(towers=load_towers(self.towers_uri), features=features)


@dataclass(frozen=True, kw_only=True)
class LoadedItems:
    """The towers and the features of all products, in one object that threads of a process can share."""

    towers: Towers
    features: ItemFeatures


class ComputeItemVectors(beam.PTransform):
    """Ranges of product indices, (start, stop), to tables with `ITEM_VECTORS_SCHEMA`.

    What moves between workers are ranges and vectors. Each process loads the features itself, so its memory grows
    with the catalogue, as that of every server does.

    Args:
        sources: Where the tower and the features lie.
    """

    def __init__(self, sources: ItemSources) -> None:
        super().__init__()
        self._sources = sources

    def expand(self, ranges: beam.PCollection[tuple[int, int]]) -> beam.PCollection[pa.Table]:
        """Adds the item tower to a pipeline."""
        return ranges | "ApplyItemTower" >> beam.ParDo(_ApplyItemTower(self._sources))


def item_vectors_table(product_index: np.ndarray, vectors: np.ndarray) -> pa.Table:
    """Returns int `(n,)` product indices and their vectors, float32 `(n, d)`, with `ITEM_VECTORS_SCHEMA`."""
    return pa.table([pa.array(product_index, pa.int64()), vector_lists(vectors)], schema=ITEM_VECTORS_SCHEMA)


def read_item_vectors(uri: str, products: int) -> np.ndarray:
    """Reads `item_vectors-*.parquet` in the order of the catalogue.

    Args:
        uri: Output of RecommendationIndex.
        products: Rows of the catalogue.

    Returns:
        float32 `(products, dimensions)`.

    Raises:
        ValueError: A product has no vector, or two.
    """
    table = read_parquet(shards(uri, ITEM_VECTORS_PREFIX)).combine_chunks()
    index = table.column("product_index").to_numpy()
    if not np.array_equal(np.sort(index), np.arange(products)):
        raise ValueError(f"{uri} should hold one vector for each of {products} products, but holds {len(index)} rows.")
    flat = pa.concat_arrays(table.column("vector").chunks).flatten().to_numpy()
    vectors = np.empty((products, len(flat) // products), dtype=np.float32)
    vectors[index] = flat.reshape(products, -1)
    return vectors


class _ApplyItemTower(beam.DoFn):
    """Loads towers and features once a process."""

    def __init__(self, sources: ItemSources) -> None:
        self._sources = sources
        self._shared = Shared()
        self._loaded: LoadedItems | None = None

    def setup(self) -> None:
        self._loaded = self._shared.acquire(self._sources.load, tag=self._sources)

    def process(self, element: tuple[int, int]) -> Iterable[pa.Table]:
        if self._loaded is None:
            raise RuntimeError("Beam calls setup() before process().")
        rows = self._loaded.features.rows(*element)
        vectors = item_vectors(self._loaded.towers, rows)
        yield item_vectors_table(rows.product_index, vectors)
