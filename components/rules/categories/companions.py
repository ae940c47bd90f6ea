"""What is bought in the baskets that hold a category, and how much of it by more than chance."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from components.rules.association import FloatArray
from components.rules.baskets import basket_items
from components.rules.itemset_mining import IntArray
from serving.graph.catalogue import CATEGORY_SEPARATOR, category_levels
from trainer.artifacts.catalogue import load_catalogue

# Stands for a category that every basket holds.
EVERY_BASKET = -1
# How much of what chance puts into a basket is taken off. At 1 what everybody buys is never offered though nearly every
# basket holds it, and fewer of the offers are bought.
_CHANCE_TAKEN_OFF = 0.7


class Categories(NamedTuple):
    """The categories of a catalogue, at all their levels.

    Attributes:
        names: The levels of each from the widest on, joined by " > ".
        of_product: int64 `(levels, products)`; the category of each product at each level, -1 for none.
    """

    names: Sequence[str]
    of_product: IntArray

    @classmethod
    def load(cls, catalogue_uri: str) -> "Categories":
        """Reads those of a catalogue."""
        column = load_catalogue(catalogue_uri, ["category"])["category"].to_pylist()
        paths = [category_levels((category or "").encode("utf-8", "surrogateescape")) for category in column]
        of_product = np.full((max(map(len, paths), default=0), len(paths)), -1, np.int64)
        places: dict[str, int] = {}
        for product, path in enumerate(paths):
            for level in range(len(path)):
                name = CATEGORY_SEPARATOR.encode().join(path[: level + 1]).decode("utf-8", "surrogateescape")
                of_product[level, product] = places.setdefault(name, len(places))
        return cls(list(places), of_product)


class Companions(NamedTuple):
    """What is in the baskets that hold a category; those of other baskets are added up by `summed`.

    Attributes:
        baskets: How many there are.
        others: Products in them beside one of the category, added up.
        products: int64 `(n,)`; rows of the catalogue, ascending and distinct.
        counts: int64 `(n,)`; baskets with the product and another one of the category.
    """

    baskets: int
    others: int
    products: IntArray
    counts: IntArray


def count_companions(baskets: pa.Table, categories: Categories) -> Iterator[tuple[int, Companions]]:
    """Yields (category, what is in its baskets) for each category in any, and for `EVERY_BASKET`.

    Args:
        baskets: With `BASKETS_SCHEMA`; items are rows of the catalogue.
        categories: The categories.
    """
    items, sizes = basket_items(baskets)
    items = items.astype(np.int64)
    basket = np.repeat(np.arange(len(sizes)), sizes)
    shape = (len(sizes), categories.of_product.shape[1])
    products = csr_matrix((np.ones(len(items), np.int64), (basket, items)), shape=shape)
    held = categories.of_product[:, items].ravel()
    rows, columns = (np.tile(each, len(categories.of_product)) for each in (basket, items))
    rows, columns, held = (each[held >= 0] for each in (rows, columns, held))
    # Of each basket, the products of each category.
    inside = csr_matrix((np.ones(len(held), np.int64), (rows, held)), shape=(len(sizes), len(categories.names)))
    inside.sum_duplicates()
    # A product that is alone of its category in a basket is no companion of it. SciPy gives no array of no places.
    alone = np.asarray(inside[rows, held]).ravel() == 1 if len(held) else np.zeros(0, np.bool_)
    own = csr_matrix((np.ones(alone.sum(), np.int64), (held[alone], columns[alone])), shape=(inside.shape[1], shape[1]))
    inside.data[:] = 1
    together = csr_matrix(inside.T @ products) - own
    together.eliminate_zeros()
    together.sort_indices()
    in_baskets, others = np.asarray(inside.sum(axis=0)).ravel(), np.asarray(inside.T @ (sizes - 1)).ravel()
    bought, counts = np.unique(items, return_counts=True)
    yield EVERY_BASKET, Companions(len(sizes), int((sizes - 1).sum()), bought, counts)
    for category in np.flatnonzero(in_baskets):
        part = slice(together.indptr[category], together.indptr[category + 1])
        found = together.indices[part].astype(np.int64), together.data[part]
        yield int(category), Companions(int(in_baskets[category]), int(others[category]), *found)


def summed(parts: Sequence[Companions]) -> Companions:
    """Returns the companions in the baskets of all parts, which have no basket in common."""
    products, place = np.unique(np.concatenate([part.products for part in parts]), return_inverse=True)
    counts = np.concatenate([part.counts for part in parts])
    added = np.bincount(place, counts, len(products)).astype(np.int64)
    return Companions(sum(part.baskets for part in parts), sum(part.others for part in parts), products, added)


class Surplus(NamedTuple):
    """How often products are bought with a category, and how much more than by chance.

    Attributes:
        confidence: float64 `(n,)`; share of the category's baskets that hold the product beside it.
        lift: float64 `(n,)`; that share over the product's share of all baskets.
        surplus: float64 `(n,)`; that share, less most of what chance would put into baskets as large as those.
    """

    confidence: FloatArray
    lift: FloatArray
    surplus: FloatArray


def surplus_of(companions: Companions, every: Companions) -> Surplus:
    """Compares what is bought with a category with what is bought at all.

    Baskets that hold something rare are large, and large baskets hold more of everything: bananas would go with all
    there is. So chance is not the product's share of all baskets but its share of all that is bought, as many times as
    there are products beside the category. The surplus is then what leverage is for baskets of one size
    (Piatetsky-Shapiro, "Discovery, analysis, and presentation of strong rules", 1991).

    Args:
        companions: Those of the category.
        every: Those of `EVERY_BASKET`.
    """
    bought = every.counts[np.searchsorted(every.products, companions.products)]
    confidence = companions.counts / companions.baskets
    chance = np.minimum(companions.others / companions.baskets * bought / every.counts.sum(), 1.0)
    return Surplus(confidence, confidence / (bought / every.baskets), confidence - _CHANCE_TAKEN_OFF * chance)
