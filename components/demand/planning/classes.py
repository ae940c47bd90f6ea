"""Classes of products by what they bring (A, B, C) and by how evenly they sell (X, Y, Z)."""

import numpy as np

from trainer.demand.series import Floats


def abc_classes(revenue: Floats, cuts: tuple[float, float]) -> list[str]:
    """Returns A for the products that bring the first share of the revenue, B for those up to the next one, else C.

    Args:
        revenue: `(series,)`.
        cuts: Shares of the whole revenue.
    """
    order = np.argsort(-revenue, kind="stable")
    total = revenue.sum()
    before = np.empty(len(revenue))
    ordered = revenue[order]
    # The product that crosses a cut is still of the better class.
    before[order] = (ordered.cumsum() - ordered) / total if total else 1.0
    return [("A" if share < cuts[0] else "B" if share < cuts[1] else "C") for share in before.tolist()]


def xyz_classes(units: Floats, cuts: tuple[float, float]) -> list[str]:
    """Returns X, Y or Z by the variation of the weeks: their standard deviation over their mean.

    Args:
        units: `(series, weeks)`; NaN is not known. A series without sales is of class Z.
        cuts: Variations up to which a series is of class X, and of class Y.
    """
    known = np.isfinite(units)
    count = np.maximum(known.sum(1), 1)
    filled = np.where(known, units, 0.0)
    mean = filled.sum(1) / count
    variance = (np.where(known, units - mean[:, None], 0.0) ** 2).sum(1) / count
    variation = np.divide(np.sqrt(variance), mean, out=np.full(len(mean), np.inf), where=mean > 0)
    return [("X" if each <= cuts[0] else "Y" if each <= cuts[1] else "Z") for each in variation.tolist()]
