"""Trains the response model on a request's artifacts, and writes it as it is served."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.exporting import SERVING_FOLDER
from trainer.fitting.training_request import TrainingRequest
from trainer.response.examples import Impressions, feature_names, load_impressions
from trainer.response.export import export_response
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.fitting import train_response
from trainer.response.importance import response_importance
from trainer.response.items import load_item_facts, load_item_totals, load_item_words, load_items
from trainer.response.network import ResponseNetwork
from trainer.response.options import ResponseOptions, UpliftOptions
from trainer.response.uplift.network import save_uplift
from trainer.response.uplift.reading import known_treatments, treatment_names, was_shown
from trainer.response.uplift.training import TrainedUplift, train_uplift

NETWORK_FILE, NAMES_FILE = "response.keras", "features.json"


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts; the ModelTrainer component calls it.

    Writes the network, what its features are, and the SavedModel that is served under `Format-Serving/`.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    if not request.catalogue_uri:
        raise ValueError("`catalogue_uri` should name an artifact; the response model needs it.")
    options = ResponseOptions.model_validate_json(request.options_json)
    facts, items = load_item_facts(request.catalogue_uri), load_items(request.catalogue_uri)
    learned, validated = (load_impressions(request.examples_uri, split, facts) for split in ("train", "eval"))
    # Whoever is promised something does not say which values there are either.
    told = learned if options.privacy is None else validated
    names = feature_names(told, facts, len(items.item_ids))
    tables = tuple(each.table(names, items.item_ids) for each in (learned, validated))
    uplift = None
    if options.uplift is not None:
        uplift = _train_uplift(names, (learned, validated), tables, options.uplift, options, request)
        # Those who were shown nothing do not say who responds to what is shown.
        tables = tuple(
            table.rows(was_shown(each, options.uplift.control))
            for each, table in zip((learned, validated), tables, strict=True)
        )
    trained = train_response(
        names,
        tables[0],
        tables[1],
        options,
        seed=request.seed,
        log_uri=request.log_uri,
        most_steps=request.steps,
        checkpoint_uri=request.checkpoint_uri,
        users=learned.users,
    )
    summary = trained.summary
    if facts["examples"]["test"]:
        asked = load_impressions(request.examples_uri, "test", facts)
        told_of = asked.table(names, items.item_ids)
        if options.uplift is not None:
            told_of = told_of.rows(was_shown(asked, options.uplift.control))
        importance = response_importance(trained.network, names, told_of, request.seed)
        summary = {**summary, **({} if importance is None else {"importance": importance})}
    if uplift is not None:
        save_uplift(uplift.uplift, request.model_uri)
        summary = {**summary, "uplift": uplift.summary}
    save_keras(trained.network, os.path.join(request.model_uri, NETWORK_FILE))
    write_json(os.path.join(request.model_uri, NAMES_FILE), asdict(names))
    totals = load_item_totals(request.catalogue_uri, len(items.item_ids), len(names.outcomes))
    folder = os.path.join(request.model_uri, SERVING_FOLDER)
    words = load_item_words(request.catalogue_uri)
    added = uplift and uplift.uplift
    export_response(folder, trained.network, names, items, totals, facts, options, summary, added, words)
    return summary


def _train_uplift(
    names: FeatureNames,
    impressions: Sequence[Impressions],
    tables: Sequence[FeatureTable],
    uplift: UpliftOptions,
    options: ResponseOptions,
    request: TrainingRequest,
) -> TrainedUplift | None:
    """Returns what treatments add; None where the training impressions name none, or not two of them."""
    treatments = treatment_names(impressions[0], uplift.control)
    learned, validated = (known_treatments(each, treatments) for each in impressions)
    if learned is None:
        return None
    return train_uplift(
        names,
        tables[0].rows(learned.rows),
        learned.treatments,
        uplift,
        seed=request.seed,
        log_uri=os.path.join(request.log_uri, "uplift"),
        validated=None if validated is None else (tables[1].rows(validated.rows), validated.treatments),
        hardware_options=options.training,
        most_steps=request.steps,
        checkpoint_uri=os.path.join(request.checkpoint_uri, "uplift") if request.checkpoint_uri else "",
    )


def load_network(model_uri: str) -> tuple[ResponseNetwork, FeatureNames]:
    """Reads a trained network and what its features are."""
    names = read_json(os.path.join(model_uri, NAMES_FILE))
    names["categories"] = {name: tuple(values) for name, values in names["categories"].items()}
    for name in ("numbers", "outcomes"):
        names[name] = tuple(names[name])
    return load_keras(os.path.join(model_uri, NETWORK_FILE)), FeatureNames(**names)
