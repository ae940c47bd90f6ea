"""What a served search model knows of the products."""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from serving.graph.catalogue import ServedProducts


@dataclass(frozen=True, kw_only=True)
class SearchedProducts(ServedProducts):
    """What a served search model knows of the products; row i of every field is product i.

    Attributes:
        skus: What each is called in the shop, beside its id; empty for none.
        text_of_product: int32 `(products,)`: which of the distinct texts each has.
        thing_of_product: int32 `(products,)`: what each is a variant of, from 0 on; an answer has each thing once.
    """

    skus: Sequence[bytes]
    text_of_product: ArrayLike
    thing_of_product: ArrayLike
