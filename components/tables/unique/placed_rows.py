"""Good rows with where they stood, which of them stands first, and which is the first of its id."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class PlacedRows:
    """Good rows with where they stood: the order that decides which of two duplicates counts.

    Rows that stand for several, of a source whose repeats are merged, have weights.
    """

    path: str
    source: int
    file_index: int
    unit: str
    places: npt.NDArray[np.int64]
    batch: pa.RecordBatch
    weights: npt.NDArray[np.int64] | None = None

    def rows(self, chosen: npt.NDArray[np.int64]) -> "PlacedRows":
        """Returns some of the rows."""
        weights = None if self.weights is None else self.weights[chosen]
        return replace(self, places=self.places[chosen], batch=self.batch.take(pa.array(chosen)), weights=weights)


def row_order(parts: list[PlacedRows]) -> npt.NDArray[np.int64]:
    """Returns the rows of all parts in the order of files and of rows in a file.

    Batches of one file may overlap, as a join spreads its rows, so each row is put in order by its own place.
    """
    files = np.concatenate([np.full(part.batch.num_rows, part.file_index) for part in parts])
    return np.lexsort((np.concatenate([part.places for part in parts]), files))


def find_first_rows(parts: list[PlacedRows], id_column: str) -> npt.NDArray[np.int64]:
    """Returns for each row, of all parts one after the other, the first row that has its id: itself or another."""
    ids = pd.Series([value for part in parts for value in part.batch.column(id_column).flatten().to_pylist()])
    order = row_order(parts)
    codes = pd.factorize(ids.iloc[order])[0]
    first_of_code = np.unique(codes, return_index=True)[1]
    firsts = np.empty(len(ids), np.int64)
    firsts[order] = order[first_of_code[codes]]
    return firsts
