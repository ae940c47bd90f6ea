"""What is known of a product before it has sold anything: the direction of its text, and how much its like sells."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.demand.series import DemandSeries, Floats

_NEIGHBOURS = 8
_AT_ONCE = 1024
# Products that others are compared with, at the most: that takes seconds for each thousand.
_MOST_COMPARED = 4_000


class ProductFacts(NamedTuple):
    """What the network knows of each product, a row a product of the catalogue, and a last one for any other.

    Attributes:
        vectors: float32 `(products + 1, d)`: the text's vector in its strongest directions.
        levels: float32 `(products + 1,)`: units a week of products like this one, without its own.
        own: int64 `(products + 1,)`: the row of what is learned of the product by its id; 0 for what has no series.
    """

    vectors: Floats
    levels: Floats
    own: npt.NDArray[np.int64]


def product_facts(series: DemandSeries, texts: Floats | None, products: int, before: int, width: int) -> ProductFacts:
    """Finds what is known of each product.

    The level of a product is the geometric mean of the units a week of those products with series whose text vectors
    are most like its own (cosine), as many as 8, out of 4,000 at the most; without texts that of all series.

    Args:
        series: The series; only weeks before `before` are looked at.
        texts: float32 `(products, d)`; None where a shop has no texts.
        products: Rows of the catalogue.
        before: Week that the test begins with.
        width: Directions that are kept.
    """
    units = series.units[:, :before]
    known = np.isfinite(units)
    mean = np.where(known, units, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    sold = np.flatnonzero((series.product >= 0) & known.any(1))
    levels = np.log1p(mean[sold]).astype(np.float32)
    middle = np.float32(np.expm1(levels.mean())) if len(levels) else np.float32(1.0)
    own = np.zeros(products + 1, np.int64)
    distinct = np.unique(series.product[sold])
    own[distinct] = np.arange(1, len(distinct) + 1)
    found = np.full(products + 1, middle, np.float32)
    if texts is None or not len(sold):
        return ProductFacts(np.zeros((products + 1, width), np.float32), found, own)
    unit = texts / np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    seller = series.product[sold]
    vectors = _strongest(unit, seller, width)
    if len(sold) > _MOST_COMPARED:
        kept = np.linspace(0, len(sold) - 1, _MOST_COMPARED).astype(np.int64)
        seller, levels = seller[kept], levels[kept]
    sellers = unit[seller]
    most = min(_NEIGHBOURS, len(seller))
    for start in range(0, products, _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, products))
        likeness = unit[rows] @ sellers.T
        likeness[rows[:, None] == seller[None, :]] = -2.0
        near = np.argpartition(-likeness, most - 1, axis=1)[:, :most]
        weight = np.maximum(np.take_along_axis(likeness, near, 1), 0.0) ** 4
        total = weight.sum(1)
        like = np.divide((weight * levels[near]).sum(1), total, out=np.full(len(rows), levels.mean()), where=total > 0)
        found[rows] = np.expm1(like)
    return ProductFacts(vectors, found, own)


def _strongest(vectors: Floats, learned: npt.NDArray[np.int64], width: int) -> Floats:
    """Returns the vectors along the principal axes of those of products with series, each axis of about size 1."""
    centre = vectors[learned].mean(0)
    _, sizes, axes = np.linalg.svd(vectors[np.unique(learned)] - centre, full_matrices=False)
    kept = min(width, len(axes))
    scale = np.maximum(sizes[:kept] / np.sqrt(max(len(np.unique(learned)), 1)), 1e-3)
    turned = np.zeros((len(vectors) + 1, width), np.float32)
    turned[:-1, :kept] = np.clip((vectors - centre) @ axes[:kept].T / scale, -4.0, 4.0)
    return turned
