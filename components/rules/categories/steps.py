"""The Beam transform from baskets to the products that go with each category."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.rules.categories.companions import (
    EVERY_BASKET,
    Categories,
    Companions,
    count_companions,
    summed,
    surplus_of,
)
from components.rules.options import RulesOptions
from components.tables.read_back import from_bytes
from trainer.artifacts.catalogue import load_catalogue

CATEGORY_PRODUCTS_SCHEMA = pa.schema(
    [
        ("category", pa.string()),
        ("product_id", pa.string()),
        ("count", pa.int64()),
        ("category_count", pa.int64()),
        ("confidence", pa.float64()),
        ("lift", pa.float64()),
        ("surplus", pa.float64()),
    ]
)


class CountCategoryProducts(beam.PTransform):
    """Arrow IPC streams with `BASKETS_SCHEMA` to tables with `CATEGORY_PRODUCTS_SCHEMA`, one a category.

    A worker holds the categories of all products, and what is bought with one category.

    Args:
        options: How many baskets a pair needs, and how many products a category keeps.
        catalogue_uri: The catalogue, whose rows the items of the baskets are.
    """

    def __init__(self, options: RulesOptions, catalogue_uri: str) -> None:
        super().__init__()
        self._options, self._catalogue_uri = options, catalogue_uri

    def expand(self, baskets: beam.PCollection[bytes]) -> Any:
        """Adds the steps to a pipeline."""
        counted = (
            baskets
            | "CountCompanions" >> beam.ParDo(_CountCompanions(self._catalogue_uri))
            | "AddUpCompanions" >> beam.CombinePerKey(_Sum())
        )
        every = counted | "TakeEveryBasket" >> beam.Filter(_is_every_basket) | "DropItsName" >> beam.Values()
        return counted | "KeepStrongest" >> beam.ParDo(
            _KeepStrongest(self._options, self._catalogue_uri), beam.pvalue.AsSingleton(every, default_value=None)
        )


class _CountCompanions(beam.DoFn):
    def __init__(self, catalogue_uri: str) -> None:
        self._catalogue_uri = catalogue_uri

    def setup(self) -> None:
        self._categories = Categories.load(self._catalogue_uri)

    def process(self, stream: bytes) -> Iterator[tuple[int, Companions]]:
        yield from count_companions(from_bytes(stream), self._categories)


class _Sum(beam.CombineFn):
    """Adds up companions of the same category in other baskets."""

    def create_accumulator(self) -> Companions | None:
        return None

    def add_input(self, accumulator: Companions | None, element: Companions) -> Companions:
        return element if accumulator is None else summed([accumulator, element])

    def merge_accumulators(self, accumulators: Iterable[Companions | None]) -> Companions | None:
        parts = [part for part in accumulators if part is not None]
        return summed(parts) if parts else None

    def extract_output(self, accumulator: Companions | None) -> Companions | None:
        return accumulator


class _KeepStrongest(beam.DoFn):
    """(category, its companions) to a table of those that are bought with it by more than chance, the strongest."""

    def __init__(self, options: RulesOptions, catalogue_uri: str) -> None:
        self._options, self._catalogue_uri = options, catalogue_uri

    def setup(self) -> None:
        self._names = Categories.load(self._catalogue_uri).names
        self._ids = load_catalogue(self._catalogue_uri, ["product_id"])["product_id"].combine_chunks()

    def process(self, counted: tuple[int, Companions], every: Companions) -> Iterator[pa.Table]:
        category, companions = counted
        if category == EVERY_BASKET or not len(companions.products):
            return
        found = surplus_of(companions, every)
        frequent = np.flatnonzero((companions.counts >= self._options.min_baskets) & (found.surplus > 0.0))
        order = np.lexsort((companions.products[frequent], -found.surplus[frequent]))
        kept = frequent[order][: self._options.products_per_category]
        if not len(kept):
            return
        yield pa.table(
            {
                "category": pa.array([self._names[category]] * len(kept), pa.string()),
                "product_id": self._ids.take(pa.array(companions.products[kept])).cast(pa.string()),
                "count": pa.array(companions.counts[kept]),
                "category_count": pa.array(np.full(len(kept), companions.baskets)),
                **{name: pa.array(values[kept]) for name, values in found._asdict().items()},
            },
            schema=CATEGORY_PRODUCTS_SCHEMA,
        )


def _is_every_basket(counted: tuple[int, Companions]) -> bool:
    return counted[0] == EVERY_BASKET
