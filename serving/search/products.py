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
        text_hashes: int64 `(products,)`: tells whether a product's text has changed.
        cluster_ids: int32 `(products,)`: the cluster of each.
    """

    skus: Sequence[bytes]
    text_hashes: ArrayLike
    cluster_ids: ArrayLike
