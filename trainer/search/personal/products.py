"""What the reranker knows of a catalogue's products."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from serving.search.personal.features import PersonalProducts
from trainer.exporting import byte_strings


def personal_products(catalogue: pa.Table, popularity: npt.NDArray[np.float64]) -> PersonalProducts:
    """Returns the columns of a catalogue as the reranker wants them.

    Args:
        catalogue: Columns category, brand, price, rating and in_stock.
        popularity: float64 `(products,)`: how much each product was chosen.
    """
    return PersonalProducts(
        kinds=_numbers(catalogue["category"]),
        brands=_numbers(catalogue["brand"]),
        prices=_floats(catalogue["price"]),
        ratings=_floats(catalogue["rating"]),
        in_stock=catalogue["in_stock"].fill_null(True).to_numpy(),
        popularity=popularity,
    )


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    """Returns a number for each distinct value, 0 for none."""
    values = byte_strings(column)
    places = {value: place for place, value in enumerate(sorted({*values} - {b""}), 1)}
    return np.array([places.get(value, 0) for value in values], np.int32)


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    values: npt.NDArray[np.float32] = column.cast(pa.float32()).fill_null(float("nan")).to_numpy()
    return values
