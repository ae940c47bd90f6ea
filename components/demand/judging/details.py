"""What the report shows of a model of demand: the worst series, the bias of each category, a fan chart."""

from typing import Any

import numpy as np

from components.demand.judging.measures import series_errors
from trainer.demand.options import QUANTILES
from trainer.demand.series import Floats
from trainer.demand.series_files import StoredSeries

_WORST, _CATEGORIES = 10, 20
_SHOWN_WEEKS = 26


def worst_series(found: Floats, true: Floats, stored: StoredSeries, titles: dict[str, str]) -> list[dict[str, Any]]:
    """Returns the series that add most to WAPE.

    Args:
        found: `(series, weeks, 9)`, of the products among `stored`, which come first.
        true: `(series, weeks)`.
        stored: The series.
        titles: By product id.
    """
    errors = series_errors(found, true)
    total = errors["absolute"].sum()
    order = np.argsort(-errors["absolute"], kind="stable")[:_WORST]
    return [
        {
            "product_id": stored.product_ids[row],
            "store_id": stored.store_ids[row],
            "title": titles.get(stored.product_ids[row], ""),
            "units": float(errors["units"][row]),
            "forecast": float(errors["units"][row] + errors["error"][row]),
            "absolute_error": float(errors["absolute"][row]),
            "share": float(errors["absolute"][row] / total) if total else 0.0,
        }
        for row in order.tolist()
    ]


def category_bias(found: Floats, true: Floats, stored: StoredSeries) -> list[dict[str, Any]]:
    """Returns units, WAPE and bias of the categories that sell most, over their series."""
    errors = series_errors(found, true)
    names = np.array(stored.categories[: len(found)])
    rows = []
    for name in sorted(set(names.tolist()) - {""}):
        own = names == name
        units = errors["units"][own].sum()
        if units:
            rows.append(
                {
                    "category": name,
                    "series": int(own.sum()),
                    "units": float(units),
                    "wape": float(errors["absolute"][own].sum() / units),
                    "bias": float(errors["error"][own].sum() / units),
                }
            )
    return sorted(rows, key=lambda row: -row["units"])[:_CATEGORIES]


def fan(found: Floats, stored: StoredSeries, origins: list[int], titles: dict[str, str]) -> dict[str, Any] | None:
    """Returns past weeks, true ones and quantiles of the series that sold most before the test.

    Args:
        found: `(series, origins, horizon, 9)`.
        stored: The series.
        origins: Weeks after which was asked.
        titles: By product id.
    """
    if not len(found):
        return None
    sold = np.nan_to_num(stored.series.units[: len(found), : origins[0]]).sum(1)
    row = int(sold.argmax())
    units = stored.series.units[row]
    first = max(0, origins[0] - _SHOWN_WEEKS)
    quantiles = found[row].reshape(-1, len(QUANTILES))
    return {
        "product_id": stored.product_ids[row],
        "title": titles.get(stored.product_ids[row], ""),
        "past": [_number(value) for value in units[first : origins[0]]],
        "true": [_number(value) for value in units[origins[0] : origins[0] + len(quantiles)]],
        "quantiles": [[float(value) for value in week] for week in quantiles],
    }


def coverage(found: Floats, true: Floats) -> list[dict[str, float]]:
    """Returns the share of weeks up to each quantile."""
    known = np.isfinite(true)
    return [
        {"quantile": level, "share": float((true[known] <= found[..., place][known]).mean()) if known.any() else 0.0}
        for place, level in enumerate(QUANTILES)
    ]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
