"""How near forecasts come to what was sold."""

from collections.abc import Mapping

import numpy as np

from trainer.demand.options import MEDIAN, QUANTILES, UPPER
from trainer.demand.series import Floats

_LEAST_SCALE = 1e-9


def demand_metrics(found: Floats, true: Floats) -> dict[str, float | None]:
    """Returns the metrics of quantiles over all weeks that are known.

    `wape` is the sum of the absolute errors of the median as a share of the sum of the units; `bias` the sum of the
    errors likewise; `pinball_50` and `pinball_90` the mean pinball loss of a quantile divided by the mean units,
    `pinball` the mean over all of them; `below_90` the share of weeks with units up to the 0.9 quantile, and `below_10`
    up to the first. None where nothing is known, or nothing was sold.

    Args:
        found: float32 `(series, weeks, 9)`.
        true: float32 `(series, weeks)`; NaN where it is unknown.
    """
    known = np.isfinite(true) & np.isfinite(found).all(-1)
    found, true = found[known].astype(np.float64), true[known].astype(np.float64)
    names = ("wape", "pinball_90", "pinball_50", "pinball", "below_90", "below_10", "bias")
    if not len(true) or not true.sum():
        return dict.fromkeys(names)
    losses = pinball(found, true)
    error = found[:, MEDIAN] - true
    values = (
        np.abs(error).sum() / true.sum(),
        losses[:, UPPER].mean() / true.mean(),
        losses[:, MEDIAN].mean() / true.mean(),
        losses.mean() / true.mean(),
        (true <= found[:, UPPER]).mean(),
        (true <= found[:, 0]).mean(),
        error.sum() / true.sum(),
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def pinball(found: Floats, true: Floats) -> Floats:
    """Returns the pinball loss of each quantile (Koenker and Bassett, "Regression quantiles", Econometrica 1978).

    Args:
        found: `(…, 9)`.
        true: `(…)`.
    """
    error = true[..., None] - found
    levels = np.asarray(QUANTILES)
    return np.maximum(levels * error, (levels - 1.0) * error)


def series_errors(found: Floats, true: Floats) -> Mapping[str, Floats]:
    """Returns what each series adds to WAPE and to the loss of the 0.9 quantile, and its units: `(series,)` each."""
    known = np.isfinite(true) & np.isfinite(found).all(-1)
    safe = np.where(known, true, 0.0)
    median = np.where(known, found[..., MEDIAN], 0.0)
    upper = np.where(known, found[..., UPPER], 0.0)
    over = safe - upper
    return {
        "absolute": np.abs(safe - median).sum(1),
        "error": (median - safe).sum(1),
        "upper": np.maximum(0.9 * over, -0.1 * over).sum(1),
        "units": safe.sum(1),
    }


def wrmsse(median: Floats, true: Floats, past: Floats, weights: Floats) -> float:
    """Returns the weighted root mean squared scaled error of one level (Makridakis et al., "M5 accuracy", 2022).

    Args:
        median: `(series, weeks)`.
        true: `(series, weeks)`.
        past: `(series, past weeks)`, of which the squared steps from week to week are the scale.
        weights: `(series,)`, such as the revenue of the last weeks before.
    """
    scale = np.maximum((np.diff(past, axis=1) ** 2).mean(1), _LEAST_SCALE)
    scaled = np.sqrt(((true - median) ** 2).mean(1) / scale)
    return float((scaled * weights).sum() / weights.sum())
