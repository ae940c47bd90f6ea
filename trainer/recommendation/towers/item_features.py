"""What the item tower reads of each product, as NumPy arrays in catalogue order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# The number that each catalogue has.
POPULARITY = "popularity"


@dataclass(frozen=True, eq=False)
class ItemFeatures:
    """Features of some products; row i of every array is the same product.

    Attributes:
        product_index: int32 `(n,)`; the product's row in the catalogue. A slice keeps it.
        number_names: What each column of `numbers` is; `POPULARITY` is among them.
        numbers: float32 `(n, m)`; standardised numbers.
        categories: int32 `(n, c)`; vocabulary indices with 0 for missing or unknown. `c` may be 0.
        text_vectors: float32 `(n, t)`, or None where texts are off.
        looks: float32 `(n, l)`: how the pictures look, 0 for a product without one; None where none are read.
    """

    product_index: npt.NDArray[np.int32]
    number_names: tuple[str, ...]
    numbers: npt.NDArray[np.float32]
    categories: npt.NDArray[np.int32]
    text_vectors: npt.NDArray[np.float32] | None = None
    looks: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        arrays = {
            "numbers": self.numbers,
            "categories": self.categories,
            "text_vectors": self.text_vectors,
            "looks": self.looks,
        }
        for name, array in arrays.items():
            if array is not None and (array.ndim != 2 or len(array) != len(self.product_index)):
                raise ValueError(
                    f"`{name}` should have shape ({len(self.product_index)}, any): one row a product of "
                    f"`product_index`. Received shape {array.shape}."
                )

        if self.numbers.shape[1] != len(self.number_names) or POPULARITY not in self.number_names:
            raise ValueError(
                f"`number_names` should name each of the {self.numbers.shape[1]} columns of `numbers`, `{POPULARITY}` "
                f"among them. Received {list(self.number_names)}."
            )

    def __len__(self) -> int:
        return len(self.product_index)

    def rows(self, start: int, stop: int) -> "ItemFeatures":
        """Returns the products from `start` up to `stop`, with their catalogue indices."""
        return ItemFeatures(
            product_index=self.product_index[start:stop],
            number_names=self.number_names,
            numbers=self.numbers[start:stop],
            categories=self.categories[start:stop],
            text_vectors=None if self.text_vectors is None else self.text_vectors[start:stop],
            looks=None if self.looks is None else self.looks[start:stop],
        )

    def inputs(self) -> dict[str, npt.NDArray[np.generic]]:
        """Returns the inputs of `ItemTower` by name; no `text_vector` where texts are off, and so with `looks`."""
        inputs: dict[str, npt.NDArray[np.generic]] = {
            "product_index": self.product_index,
            "numbers": self.numbers,
            "categories": self.categories,
        }
        if self.text_vectors is not None:
            inputs["text_vector"] = self.text_vectors
        if self.looks is not None:
            inputs["looks"] = self.looks
        return inputs
