"""Trains the model writing on a request's artifacts, and writes it as it is served."""

import os
import time
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from trainer.artifacts.catalogue import load_catalogue_facts
from trainer.exporting import SERVING_FOLDER
from trainer.fitting.training_request import TrainingRequest
from trainer.writing.export import export_writing
from trainer.writing.language_model import load_language_model
from trainer.writing.options import WritingOptions
from trainer.writing.pairs import WHAT, load_pairs
from trainer.writing.tuning import tune


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts; the ModelTrainer component calls it.

    Writes the SavedModel that is served under `Format-Serving/`.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, an artifact or the language model are not what training needs.
    """
    if not request.catalogue_uri:
        raise ValueError("`catalogue_uri` should name an artifact; the model writing needs the shop's brands.")
    started = time.monotonic()
    options = WritingOptions.model_validate_json(request.options_json)
    pairs = {split: load_pairs(request.examples_uri, split) for split in ("train", "eval", "test")}
    language, summary = tune(
        lambda: load_language_model(options.language.model),
        [pair for pair in pairs["train"] if pair.target],
        [pair for pair in pairs["eval"] if pair.target],
        options,
        seed=request.seed,
        log_uri=request.log_uri,
        most_steps=request.steps,
        checkpoint_uri=request.checkpoint_uri,
    )
    summary |= {"model": options.language.model, "seconds": round(time.monotonic() - started, 1)}
    _show(request.log_uri, summary)
    shown = next((pair for split in ("test", "eval", "train") for pair in pairs[split]), None)
    asked = {} if shown is None else {WHAT: shown.what, **shown.named()}
    brands = load_catalogue_facts(request.catalogue_uri)["brands"]
    folder = os.path.join(request.model_uri, SERVING_FOLDER)
    export_writing(folder, language, options, brands, asked, summary)
    return summary


def _show(log_uri: str, summary: Mapping[str, Any]) -> None:
    """Shows on TensorBoard what was learned from, and what the shop's own texts cost before and after."""
    shown = {"pairs": summary["pairs"]}
    if "before" in summary:
        shown |= {"eval_loss_before": summary["before"]["loss"], "eval_loss_after": summary["eval"]["loss"]}
    with tf.summary.create_file_writer(os.path.join(log_uri, "texts")).as_default():
        for name, value in shown.items():
            tf.summary.scalar(name, value, 0)
