"""The training function of the task demand."""

import os
from typing import Any

from trainer.artifacts.catalogue import load_catalogue
from trainer.demand.export import export_demand
from trainer.demand.importance import demand_importance
from trainer.demand.options import DemandOptions
from trainer.demand.product_facts import product_facts
from trainer.demand.series_files import load_series
from trainer.demand.training import train_demand
from trainer.exporting import SERVING_FOLDER, byte_strings
from trainer.fitting.training_request import TrainingRequest
from trainer.text.text_vectors import load_text_vectors


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts; the ModelTrainer component calls it.

    The network learns from products and categories alike, up to the test weeks. Writes the SavedModel that is served
    under `Format-Serving/`.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    options = DemandOptions.model_validate_json(request.options_json)
    stored = load_series(request.examples_uri, request.catalogue_uri)
    catalogue = load_catalogue(request.catalogue_uri, ["product_id", "text"])
    texts = None
    if request.text_vectors_uri is not None:
        texts = load_text_vectors(request.text_vectors_uri, catalogue["text"].to_pylist())
    before = stored.facts["test_week"]
    facts = product_facts(stored.series, texts, len(catalogue), before, options.network.text_width)
    trained = train_demand(
        stored.series,
        facts,
        options,
        before=before,
        seed=request.seed,
        log_uri=request.log_uri,
        most_steps=request.steps,
        checkpoint_uri=request.checkpoint_uri,
    )
    importance = demand_importance(trained.network, stored, options, request.seed)
    summary = {**trained.summary, **({} if importance is None else {"importance": importance})}
    export_demand(
        os.path.join(request.model_uri, SERVING_FOLDER),
        trained.network,
        byte_strings(catalogue["product_id"]),
        options,
        stored.facts,
        summary,
    )
    return summary
