"""Asks a served model of demand about series."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from serving.signature_names import SERVING_DEFAULT
from trainer.demand.series import DemandSeries, Floats, Ints
from trainer.demand.series_files import StoredSeries

_ASKED_AT_ONCE = 1024

# Quantiles `(windows, horizon, 9)` of some series after some weeks.
Ask = Callable[[DemandSeries, list[bytes], Ints, Ints], Floats]


def served_model(path: str) -> Ask:
    """Loads a served model.

    Args:
        path: Folder of the SavedModel.
    """
    model = tf.saved_model.load(path)
    signature = model.signatures[SERVING_DEFAULT]
    specs = signature.structured_input_signature[1]
    weeks = specs["recent_units"].shape[1]
    horizon = signature.structured_outputs["quantiles"].shape[1]
    covariates = "known_covariates" in specs

    def ask(series: DemandSeries, product_ids: list[bytes], rows: Ints, origins: Ints) -> Floats:
        answers = []
        for start in range(0, len(rows), _ASKED_AT_ONCE):
            part = slice(start, start + _ASKED_AT_ONCE)
            window = series.windows(rows[part], origins[part], weeks, horizon)
            inputs = {
                "product_ids": tf.constant([product_ids[row] for row in rows[part]]),
                "recent_units": tf.constant(window.recent_units),
            }
            if covariates:
                inputs["recent_covariates"] = tf.constant(window.recent_covariates)
                inputs["known_covariates"] = tf.constant(window.known_covariates)
            answers.append(signature(**inputs)["quantiles"].numpy())
        return np.concatenate(answers) if answers else np.zeros((0, horizon, 9), np.float32)

    ask.__dict__["model"] = model
    return ask


def served_ids(stored: StoredSeries) -> list[bytes]:
    """Returns the product id of each series as a served model takes it."""
    return [each.encode("utf-8", "surrogateescape") for each in stored.product_ids]
