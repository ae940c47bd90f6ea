"""Impressions as arrays: what the response model learns from, whatever table or artifact they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureTable:
    """Impressions, a row each, in memory: 4 bytes a number.

    Attributes:
        numbers: float32 `(rows, numbers)`, NaN where unknown.
        categories: int32 `(rows, categories)`: places in the vocabularies from 1; 0 is unknown.
        vectors: float32 `(rows, width)`, what is known of the user and the item as vectors; the width may be 0.
        item: int32 `(rows,)`: the offer or product from 1; 0 is unknown.
        position: int32 `(rows,)`: where it was shown, 0 where that is unknown; cut to the last position learned.
        outcomes: float32 `(rows, outcomes)`: 1 where it happened.
        weight: float32 `(rows,)`: what the row counts for, more than 1 where others like it were left out.
    """

    numbers: FloatArray
    categories: IntArray
    vectors: FloatArray
    item: IntArray
    position: IntArray
    outcomes: FloatArray
    weight: FloatArray

    def __len__(self) -> int:
        return len(self.outcomes)

    def rows(self, chosen: npt.NDArray[Any]) -> "FeatureTable":
        """Returns some rows, by a mask or by their places."""
        return replace(self, **{each.name: getattr(self, each.name)[chosen] for each in fields(self)})

    def inputs(self) -> dict[str, npt.NDArray[Any]]:
        """Returns what the network reads, by name."""
        names = ("numbers", "categories", "vectors", "item", "position")
        return {name: getattr(self, name) for name in names}


def concatenated(first: FeatureTable, second: FeatureTable) -> FeatureTable:
    """Returns the rows of two tables."""
    return FeatureTable(
        **{
            each.name: np.concatenate([getattr(first, each.name), getattr(second, each.name)])
            for each in fields(FeatureTable)
        }
    )


@dataclass(frozen=True, kw_only=True)
class FeatureNames:
    """What the columns of a `FeatureTable` are.

    Attributes:
        numbers: Names of the numbers.
        categories: The vocabulary of each categorical feature by its name; places begin at 1.
        items: How many offers or products there are.
        positions: The last position that has a bias of its own.
        outcomes: Names of the outcomes; the first one is what offers are ranked by.
    """

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    items: int
    positions: int
    outcomes: tuple[str, ...]
