"""What a served search knows of its products beside their texts, for limits in queries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class WishFacts:
    """What limits are held against.

    Attributes:
        amounts: float32 `(DIMENSIONS, products)`: price, grams, millilitres and pieces of each; NaN for unknown.
        brands: Distinct brands, as `serving.graph.spelling.folded` gives them.
        brand_of_product: int32 `(products,)`; -1 for none.
        title_hashes: int64, rising: of the folded titles. Who types one wants that product, and no limit.
        denied: Words in the singular that texts say they are without, as in sugar free.
        denied_splits: int64 `(denied + 1,)`: where the texts of each start.
        denied_texts: int32: texts that have the word in no other way.
    """

    amounts: npt.NDArray[np.float32]
    brands: Sequence[bytes]
    brand_of_product: npt.NDArray[np.int32]
    title_hashes: npt.NDArray[np.int64]
    denied: Sequence[bytes]
    denied_splits: npt.NDArray[np.int64]
    denied_texts: npt.NDArray[np.int32]
