"""What every served model knows of the products."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Between the levels of a category, the widest first.
CATEGORY_SEPARATOR = " > "


def category_levels(category: bytes) -> tuple[bytes, ...]:
    """Returns the levels of a category that are not blank, the widest first."""
    levels = (level.strip() for level in category.split(CATEGORY_SEPARATOR.encode()))
    return tuple(level for level in levels if level)


@dataclass(frozen=True, kw_only=True)
class ServedProducts:
    """What answers show and filters ask; row i of every field is product i.

    Attributes:
        product_ids: Distinct, not empty, any bytes.
        titles: One a product; empty for none.
        categories: Levels joined by " > "; empty for none.
        prices: float `(products,)`; NaN for unknown.
        in_stock: bool `(products,)`.
    """

    product_ids: Sequence[bytes]
    titles: Sequence[bytes]
    categories: Sequence[bytes]
    prices: ArrayLike
    in_stock: ArrayLike

    def __post_init__(self) -> None:
        """Raises ValueError where the fields do not have one row a product."""
        lengths = {name: len(np.asarray(value, dtype=object)) for name, value in vars(self).items()}
        if len(set(lengths.values())) != 1 or not lengths["product_ids"]:
            raise ValueError(f"A catalogue needs one row a product in every field, and a product; got rows {lengths}.")

    def take(self, rows: NDArray[np.integer]) -> Self:
        """Returns the products at some rows, in their order."""
        return replace(self, **{name: np.asarray(value, dtype=object)[rows] for name, value in vars(self).items()})
