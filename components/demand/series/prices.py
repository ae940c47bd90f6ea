"""What was paid, as a covariate."""

from typing import Any

import numpy as np
import numpy.typing as npt

_FURTHEST = 1.5


def relative_price(prices: npt.NDArray[np.floating[Any]], weeks: int) -> npt.NDArray[np.float32]:
    """Returns the logarithm of each week's price less the mean of those up to it; of no price, the last one's.

    Args:
        prices: `(series, weeks before)`; NaN where nothing was sold.
        weeks: All weeks; those after the prices have the last one's.

    Returns:
        `(series, weeks)`, within -1.5 and 1.5; 0 before the first price.
    """
    known = np.isfinite(prices) & (prices > 0)
    last = np.maximum.accumulate(np.where(known, np.arange(prices.shape[1]), -1), axis=1)
    began = last >= 0
    logarithm = np.log(np.where(known, prices, 1.0))
    filled = np.where(began, np.take_along_axis(logarithm, np.maximum(last, 0), 1), 0.0)
    usual = filled.cumsum(1) / np.maximum(began.cumsum(1), 1)
    relative = np.where(began, filled - usual, 0.0)
    after = np.repeat(relative[:, -1:], weeks - prices.shape[1], axis=1)
    return np.clip(np.concatenate([relative, after], axis=1), -_FURTHEST, _FURTHEST).astype(np.float32)
