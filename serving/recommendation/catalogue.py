"""What a served recommendation model knows of the products."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from serving.graph.catalogue import ServedProducts


@dataclass(frozen=True, kw_only=True)
class ServedCatalogue(ServedProducts):
    """What a served recommendation model knows of the products; row i of every field is product i.

    Attributes:
        popularity: float `(products,)`, at least 0: how much is bought, in any unit.
        tower_vectors: float32 `(products, tower dimensions)`, of the item tower.
        linear_vectors: float32 `(products, linear dimensions)`, of the linear model; there may be no dimensions.
        text_vectors: float32 `(products, text dimensions)`, of the products' texts; there may be no dimensions.
        recommendable: bool `(products,)`; false for what no answer may hold.
        thing_of_product: int `(products,)`, from 0 on: what each is a variant of; an answer has each thing once.
    """

    popularity: ArrayLike
    tower_vectors: ArrayLike
    linear_vectors: ArrayLike
    text_vectors: ArrayLike
    recommendable: ArrayLike
    thing_of_product: ArrayLike
