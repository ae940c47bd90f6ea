"""Writes a trained network as the SavedModel that is served."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from serving.demand.module import DemandModule
from serving.model_names import DEMAND_MODEL
from trainer.artifacts.model_versions import package_versions
from trainer.demand.network import DemandNetwork
from trainer.demand.options import QUANTILES, DemandOptions
from trainer.exporting import write_extra_assets

_VERSIONED_PACKAGES = ("tensorflow", "keras", "statsforecast", "scikit-learn")


def export_demand(
    folder: str,
    network: DemandNetwork,
    product_ids: Sequence[bytes],
    options: DemandOptions,
    facts: Mapping[str, Any],
    training: Mapping[str, Any],
) -> None:
    """Writes the SavedModel `demand` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        network: The network.
        product_ids: Of the catalogue, in order.
        options: Sizes.
        facts: What DemandExamples says of all series.
        training: What training.json says.
    """
    covariates: list[str] = facts["covariates"]
    module = DemandModule(
        product_ids,
        network.quantiles,
        [*(variable.value for variable in network.variables), *network.tables],
        weeks=options.history_weeks,
        horizon=options.horizon,
        covariates=len(covariates),
    )
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    card = {
        "model": DEMAND_MODEL,
        "training": dict(training),
        "quantiles": list(QUANTILES),
        "covariates": covariates,
        "weeks": {"first_day": facts["first_day"], "trained_on": facts["test_week"]},
        "products": [each.decode("utf-8", "surrogateescape") for each in product_ids[:5]],
        "versions": package_versions(_VERSIONED_PACKAGES),
        "limits": {"history_weeks": options.history_weeks, "horizon": options.horizon, "products": len(product_ids)},
    }
    write_extra_assets(folder, DEMAND_MODEL, signatures, {"product_ids": product_ids[0]}, card)
