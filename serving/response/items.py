"""What is known beforehand of the things that may be shown: offers, or products where a shop has no offers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, eq=False)
class ResponseItems:
    """The items, and the products of histories that they are about.

    Attributes:
        item_ids: Distinct ids.
        texts: What each one says.
        numbers: float32 `(items, numbers)`, NaN where unknown.
        number_names: Names of these.
        categories: bytes `(items, categories)`, empty where unknown.
        category_names: Names of these.
        vectors: float32 `(items, width)`: the mean of their products; the width may be 0.
        text_vectors: float32 `(items, text_width)`: what they say themselves; the width may be 0.
        starts: int64 `(items,)` Unix seconds from which an item may be shown.
        ends: int64 `(items,)` Unix seconds after which it may not.
        product_ids: Ids of the products of histories.
        product_vectors: float32 `(products, width)`.
        item_of_pair: int64 `(pairs,)`: an item, ascending; with `product_of_pair` each product that an item is about.
        product_of_pair: int64 `(pairs,)`, ascending for each item.
    """

    item_ids: list[bytes]
    texts: list[bytes]
    numbers: npt.NDArray[np.float32]
    number_names: tuple[str, ...]
    categories: npt.NDArray[np.object_]
    category_names: tuple[str, ...]
    vectors: npt.NDArray[np.float32]
    text_vectors: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    product_ids: list[bytes]
    product_vectors: npt.NDArray[np.float32]
    item_of_pair: npt.NDArray[np.int64]
    product_of_pair: npt.NDArray[np.int64]
