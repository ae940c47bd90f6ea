"""What matters to a trained model of demand: past sales, prices, promotions and the time of the year."""

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.demand.network import DemandNetwork
from trainer.demand.options import MEDIAN, DemandOptions
from trainer.demand.series_files import StoredSeries, test_origins
from trainer.demand.window_features import CovariateKinds
from trainer.metrics.permutation import Arrays, Part, drawn_rows, permutation_importance

MOST_WINDOWS = 500
_INPUTS = ("product", "recent_units", "recent_covariates", "known_covariates")


def demand_importance(
    network: DemandNetwork, stored: StoredSeries, options: DemandOptions, seed: int
) -> dict[str, Any] | None:
    """Shuffles what is known of each product's series among the series, and measures WAPE in the test weeks.

    Args:
        network: The trained network.
        stored: The series.
        options: How many weeks are read and answered.
        seed: Of the order, and of which series are asked about.

    Returns:
        As `trainer.metrics.permutation.permutation_importance`, with `examples`: how many windows. None where nothing
        was sold in the test weeks.
    """
    series, horizon = stored.series, options.horizon
    products = np.flatnonzero(np.array(stored.level) == "product")
    origins = np.array(test_origins(stored.facts), np.int64)
    drawn = drawn_rows(len(products) * len(origins), MOST_WINDOWS, seed)
    rows, weeks = np.repeat(products, len(origins))[drawn], np.tile(origins, len(products))[drawn]
    true = series.targets(rows, weeks, horizon)
    known = np.isfinite(true)
    units = float(true[known].sum())
    if units <= 0.0:
        return None
    product = series.product[rows]
    inputs = {
        "product": np.where(product < 0, network.unknown_product, product).astype(np.int32),
        **series.windows(rows, weeks, options.history_weeks, horizon)._asdict(),
    }
    quantiles = tf.function(network.quantiles, reduce_retracing=True)

    def measure(changed: Arrays) -> float:
        found = quantiles(*(tf.constant(changed[name]) for name in _INPUTS)).numpy()[..., MEDIAN]
        return float(np.abs(found - true)[known].sum()) / units

    parts = parts_of(stored.facts["covariates"], series.kinds)
    found = permutation_importance(inputs, parts, measure, metric="wape", lower_is_better=True, seed=seed)
    return {**found, "examples": len(rows)}


def parts_of(names: list[str], kinds: CovariateKinds) -> dict[str, Part]:
    """Returns what a window is made of; the time of the year is told by several numbers."""
    covariates = {f"promotions: {names[place]}": [place] for place in kinds.planned}
    covariates |= {names[place]: [place] for place in kinds.carried}
    covariates |= {"the time of the year": list(kinds.seasonal)} if kinds.seasonal else {}
    return {
        "what was sold before": {"recent_units": None},
        "which product it is": {"product": None},
        **{name: dict.fromkeys(_INPUTS[2:], places) for name, places in covariates.items()},
    }
