"""Which products a request allows: category, price, stock and exclusions."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from serving.graph.catalogue import CATEGORY_SEPARATOR, ServedProducts, category_levels
from serving.graph.lookup import IdLookup
from serving.graph.signatures import batch_of

MAX_EXCLUDED_IDS = 100
_LEVEL_SEPARATOR = CATEGORY_SEPARATOR.encode()


class CategoryFilter(tf.Module):
    """Allows the products under a category, given as its first levels ("Home > Kitchen").

    Distinct categories are sorted by their levels, so that all that begin with the same levels stand together: a
    category is a range of them, and a product passes if its place lies in the range.

    Args:
        categories: One a product, levels joined by " > "; empty for none.
    """

    def __init__(self, categories: Sequence[bytes]) -> None:
        super().__init__(name="category_filter")
        paths = [category_levels(category) for category in categories]
        ordered = sorted(set(paths) - {()})
        place = {path: position for position, path in enumerate(ordered)}
        ranges: dict[bytes, tuple[int, int]] = {}
        for position, path in enumerate(ordered):
            for depth in range(1, len(path) + 1):
                prefix = _LEVEL_SEPARATOR.join(path[:depth])
                ranges[prefix] = (ranges.get(prefix, (position, position))[0], position + 1)
        self._prefixes = IdLookup(list(ranges), what="category")
        # A product without a category stands before every range; an unknown category is the range of nothing.
        self._place = tf.constant([place.get(path, -1) for path in paths], tf.int32)
        bounds = np.array([*ranges.values(), (0, 0)], dtype=np.int32)
        self._start = tf.constant(bounds[:, 0])
        self._stop = tf.constant(bounds[:, 1])

    def allowed(self, category: tf.Tensor) -> tf.Tensor:
        """Returns bool `(batch, products)`.

        Args:
            category: string `(batch,)`; blank allows everything, one that the catalogue lacks allows nothing.
        """
        category = tf.strings.strip(category)
        prefix = self._prefixes.index_of(category)
        row = tf.where(prefix >= 0, prefix, tf.shape(self._start)[0] - 1)
        start, stop = tf.gather(self._start, row), tf.gather(self._stop, row)
        inside = (self._place >= start[:, tf.newaxis]) & (self._place < stop[:, tf.newaxis])
        return inside | (category == "")[:, tf.newaxis]


class PriceFilter(tf.Module):
    """Allows the products up to a price.

    Args:
        prices: float `(products,)`; NaN is an unknown price, which no price limit lets pass.
    """

    def __init__(self, prices: ArrayLike) -> None:
        super().__init__(name="price_filter")
        self._prices = tf.constant(np.asarray(prices, dtype=np.float32))

    def allowed(self, max_price: tf.Tensor) -> tf.Tensor:
        """Returns bool `(batch, products)`; `max_price` float32 `(batch,)`: NaN or 0 and less allow everything."""
        limited = max_price > 0.0
        return (self._prices <= max_price[:, tf.newaxis]) | ~limited[:, tf.newaxis]


class StockFilter(tf.Module):
    """Allows the products in stock.

    Args:
        in_stock: bool `(products,)`.
    """

    def __init__(self, in_stock: ArrayLike) -> None:
        super().__init__(name="stock_filter")
        self._in_stock = tf.constant(np.asarray(in_stock, dtype=np.bool_))

    def allowed(self, in_stock_only: tf.Tensor) -> tf.Tensor:
        """Returns bool `(batch, products)`; `in_stock_only` bool `(batch,)`."""
        return self._in_stock | ~in_stock_only[:, tf.newaxis]


class CatalogueFilters(tf.Module):
    """All filters of a request together.

    Args:
        products: What the filters ask of the products.
    """

    # What a signature with filters takes beside its own inputs.
    INPUTS: ClassVar[dict[str, tf.TensorSpec]] = {
        **batch_of("category", tf.string),
        **batch_of("max_price", tf.float32),
        **batch_of("in_stock_only", tf.bool),
        **batch_of("exclude_ids", tf.string, MAX_EXCLUDED_IDS),
    }

    def __init__(self, products: ServedProducts) -> None:
        super().__init__(name="filters")
        self._size = len(products.product_ids)
        self._category = CategoryFilter(products.categories)
        self._price = PriceFilter(products.prices)
        self._stock = StockFilter(products.in_stock)

    def allowed(
        self, category: tf.Tensor, max_price: tf.Tensor, in_stock_only: tf.Tensor, left_out: tf.Tensor
    ) -> tf.Tensor:
        """Returns bool `(batch, products)`; `left_out` is int32 `(batch, width)` product indices, -1 for none."""
        return (
            self._category.allowed(category)
            & self._price.allowed(max_price)
            & self._stock.allowed(in_stock_only)
            & not_listed(left_out, self._size)
        )


def not_listed(listed: tf.Tensor, size: int) -> tf.Tensor:
    """Allows all products but the listed ones.

    Args:
        listed: int32 `(batch, width)` product indices, repeated or not; -1 stands for none.
        size: Products in the catalogue.

    Returns:
        bool `(batch, size)`.
    """
    places = tf.where(listed >= 0)
    batch = tf.shape(listed, out_type=tf.int64)[0]
    target = tf.stack([places[:, 0], tf.cast(tf.gather_nd(listed, places), tf.int64)], axis=1)
    counts = tf.scatter_nd(target, tf.ones_like(places[:, 0], tf.int32), tf.stack([batch, tf.constant(size, tf.int64)]))
    return tf.equal(counts, 0)
