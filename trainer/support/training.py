"""Trains the model support on a request's artifacts, and writes it as it is served."""

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.artifacts.catalogue import load_catalogue_facts
from trainer.exporting import SERVING_FOLDER
from trainer.fitting.training_request import TrainingRequest
from trainer.support.answers import load_answers, load_questions
from trainer.support.building import build_support
from trainer.support.export import export_support
from trainer.support.options import SupportOptions
from trainer.support.pieces import name_as_words
from trainer.support.products import load_products
from trainer.support.wishes import fit_wishes, made_wishes
from trainer.text.backbone import encode_texts, save_trained_encoder


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts; the ModelTrainer component calls it.

    Writes the encoder where it was trained, and the SavedModel that is served under `Format-Serving/`.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    if not request.catalogue_uri:
        raise ValueError("`catalogue_uri` should name an artifact; the model support needs its answers.")
    started = time.monotonic()
    options = SupportOptions.model_validate_json(request.options_json)
    answers = load_answers(request.catalogue_uri)
    learned, validated = (load_questions(request.examples_uri, split) for split in ("train", "eval"))
    built = build_support(
        answers,
        learned,
        validated,
        options,
        seed=request.seed,
        log_uri=request.log_uri,
        most_steps=request.steps,
        checkpoint_uri=request.checkpoint_uri,
    )
    frozen = options.text.training == "frozen"
    if not frozen:
        save_trained_encoder(built.dual.encoder, request.model_uri)
    products = load_products(
        request.catalogue_uri,
        answers,
        built.dual,
        request.text_vectors_uri if frozen else None,
        options.text.batch_size,
    )
    titles = load_catalogue_facts(request.catalogue_uri)["wish_titles"]
    names = [name_as_words(name) for name in answers.intent_names()]
    wishes = None
    if titles:
        wishes = fit_wishes(
            encode_texts(
                built.dual.encoder, made_wishes(titles, options.answering.wish_phrases), options.text.batch_size
            ),
            np.concatenate([built.encoded, encode_texts(built.dual.encoder, names, options.text.batch_size)]),
            request.seed,
        )
    summary = {
        **built.summary,
        "wishes": None if wishes is None else {"found": wishes.found, "mistaken": wishes.mistaken},
        "seconds": round(time.monotonic() - started, 1),
    }
    _show(request.log_uri, summary)
    folder = os.path.join(request.model_uri, SERVING_FOLDER)
    export_support(folder, built, answers, products, wishes, options.answering, summary)
    return summary


def _show(log_uri: str, summary: Mapping[str, Any]) -> None:
    """Shows on TensorBoard what was learned beside the dual encoder."""
    with tf.summary.create_file_writer(os.path.join(log_uri, "answers")).as_default():
        for name, weight in summary["weights"].items():
            tf.summary.scalar(f"weights/{name}", weight, 0)
        shown = {name: summary[name] for name in ("threshold", "answered_without_answer")}
        for name, value in {**summary["mrr"], **shown}.items():
            if value is not None:
                tf.summary.scalar(name, value, 0)
