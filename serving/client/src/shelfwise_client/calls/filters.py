"""The filters that search and recommendation have in common."""

from collections.abc import Sequence

import numpy as np

from shelfwise_client.call import Row, number_wanted, texts


def filter_inputs(
    k: int, category: str, max_price: float, in_stock_only: bool, exclude_ids: Sequence[str]
) -> dict[str, np.ndarray | Row]:
    """Returns the inputs that the signatures `filtered` share."""
    return {
        "k": number_wanted(k),
        "category": texts([category]),
        "max_price": np.array([max_price], np.float32),
        "in_stock_only": np.array([in_stock_only]),
        "exclude_ids": Row(texts(exclude_ids)),
    }
