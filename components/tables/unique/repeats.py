"""Rows that name a thing again, as lines of orders name their products: of the rows of an id one counts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

_TITLE, _PRICE = "title", "price"
_WEIGHTS = ["with_price", "without_price"]


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Rows that are left of many.

    Attributes:
        rows: Their places among the rows before, int64 `(left,)`, ascending.
        weights: How many rows each stands for, int64 `(left, 2)`: with a price above 0, and without one. Which of the
            two decides is known only when all rows of an id are together.
    """

    rows: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]


def fold_repeats(batch: pa.RecordBatch, id_column: str, weights: npt.NDArray[np.int64] | None = None) -> Folded:
    """Leaves one row for each title of an id: the last with a price above 0, which is the newest, else the last.

    Args:
        batch: Good rows of the examples, in the order of files and of rows in a file.
        id_column: The column whose values are unique in the table.
        weights: Of an earlier fold; one each for rows that were not folded yet.

    Returns:
        The rows, with what each weighs; the same for all rows at once and for what is left of parts of them.
    """
    rows = _rows(batch, id_column, weights)
    # Stable, so that of rows with a price, and of those without, the last comes last.
    last = rows.sort_values("priced", kind="stable").groupby(["id", "title"], dropna=False, sort=False)["row"].last()
    kept = np.sort(last.to_numpy())
    total = rows.groupby(["id", "title"], dropna=False, sort=False)[_WEIGHTS].transform("sum").to_numpy(np.int64)
    return Folded(rows=kept, weights=total[kept])


def best_rows(batch: pa.RecordBatch, id_column: str, weights: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the row of each id that counts: the one with the title that the most rows with a price have.

    A remark that somebody wrote in place of a title, and corrections without a price, so do not name a product. Where
    no row of an id has a price, each says as much as another.

    Args:
        batch: Good rows of the examples, in the order of files and of rows in a file.
        id_column: The column whose values are unique in the table.
        weights: Of `fold_repeats`, two a row.

    Returns:
        Places of the rows, int64, ascending; of titles that weigh the same, the first counts.
    """
    folded = fold_repeats(batch, id_column, weights)
    left = pd.DataFrame(folded.weights, index=folded.rows, columns=_WEIGHTS)
    left["id"] = pd.Series(_values(batch, id_column), dtype=object).iloc[folded.rows]
    priced = left.groupby("id", sort=False)["with_price"].transform("sum") > 0
    left["weight"] = left["with_price"].where(priced, left["without_price"])
    heaviest = left.groupby("id", sort=False)["weight"].idxmax()
    return np.sort(heaviest.to_numpy(np.int64))


def _rows(batch: pa.RecordBatch, id_column: str, weights: npt.NDArray[np.int64] | None) -> pd.DataFrame:
    priced = (pd.Series(_values(batch, _PRICE), dtype=np.float64) > 0).to_numpy()
    with_price, without_price = (priced, ~priced) if weights is None else weights.T
    return pd.DataFrame(
        {
            "row": np.arange(batch.num_rows),
            "id": _values(batch, id_column),
            "title": _values(batch, _TITLE),
            "priced": priced,
            "with_price": with_price.astype(np.int64),
            "without_price": without_price.astype(np.int64),
        }
    )


def _values(batch: pa.RecordBatch, name: str) -> list[object]:
    """Returns the one value that each list of a column of the examples holds, or None."""
    if name not in batch.schema.names:
        return [None] * batch.num_rows
    column = batch.column(name)
    return [None if value is None else value[0] for value in column.to_pylist()]
