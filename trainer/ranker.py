"""Trains the ranker on top of trained towers."""

import json
import logging
import os
import time
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.ranker import RankingModel
from trainer.input_data import load_catalogue, load_catalogue_facts, load_items
from trainer.item_vectors import item_vectors
from trainer.judged_users import JudgedUsers, load_judged_users
from trainer.keras_files import load_keras, save_keras
from trainer.losses import ListwiseSoftmax
from trainer.options import Options, RankerOptions
from trainer.ranked_products import load_product_statistics, ranked_products
from trainer.ranker_examples import CandidateDescriber, RankerExamples
from trainer.ranker_scorer import RankerScorer
from trainer.towers import load_towers
from trainer.training_request import TrainingRequest

logger = logging.getLogger(__name__)

RANKER_FILE = "ranker.keras"
WITHOUT_TOWERS_FILE = "ranker_without_towers.keras"
SUMMARY_FILE = "training.json"
# One user in so many is not learned from, to stop the training by.
_VALIDATED_USERS = 10


class RankerTrainingOptions(Options):
    """Everything that training the ranker reads.

    Attributes:
        ranker: The ranker's own options.
        history_length: Events of a history that it counts over, as many as the served model is given.
    """

    ranker: RankerOptions = RankerOptions()
    history_length: int = 512


class TrainedRanker(NamedTuple):
    """What `run` wrote.

    Attributes:
        scorer: The model that serves.
        without_towers: The same without the towers' features, to know what they add.
        options: What both were trained with; serving gathers candidates by the same.
    """

    scorer: RankerScorer
    without_towers: RankerScorer
    options: RankerTrainingOptions


def run(request: TrainingRequest) -> None:
    """Trains on a request's artifacts and writes both scorers and training.json; ModelTrainer calls it.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    started = time.monotonic()
    options = RankerTrainingOptions.model_validate_json(request.options_json)
    keras.utils.set_random_seed(request.seed)
    users = load_judged_users(request.examples_uri, "ranker", options.ranker.max_examples)
    describer = _describer(request, options)
    examples = describer.describe(users, request.seed)
    logger.info("Described the candidates of %d baskets in %.1f s.", len(examples.user), time.monotonic() - started)
    validated = _validated(users)[examples.user]
    examples, validation = examples.rows(~validated), examples.rows(validated)
    losses = {}
    for file_name, tower_features in ((RANKER_FILE, True), (WITHOUT_TOWERS_FILE, False)):
        scorer = RankerScorer(units=options.ranker.units, tower_features=tower_features)
        log_uri = os.path.join(request.log_uri, file_name.removesuffix(".keras"))
        losses[file_name] = train_scorer(scorer, examples, validation, options.ranker, log_uri)
        save_keras(scorer, os.path.join(request.model_uri, file_name))
    summary = {
        "options": options.model_dump(mode="json"),
        "examples": {"train": len(examples.user), "validation": len(validation.user)},
        "losses": losses,
        "seconds": round(time.monotonic() - started, 1),
    }
    with tf.io.gfile.GFile(os.path.join(request.model_uri, SUMMARY_FILE), "w") as stream:
        stream.write(json.dumps(summary, indent=2))


def load_ranker(model_uri: str) -> TrainedRanker:
    """Loads what `run` wrote.

    Raises:
        ValueError: A file is missing or unreadable.
    """
    with tf.io.gfile.GFile(os.path.join(model_uri, SUMMARY_FILE), "r") as stream:
        options = RankerTrainingOptions.model_validate(json.load(stream)["options"])
    return TrainedRanker(
        scorer=load_keras(os.path.join(model_uri, RANKER_FILE)),
        without_towers=load_keras(os.path.join(model_uri, WITHOUT_TOWERS_FILE)),
        options=options,
    )


def ranking_model(scorer: RankerScorer, options: RankerTrainingOptions, catalogue_uri: str) -> RankingModel:
    """Returns what a served model needs to rank with a scorer, with statistics up to the test period."""
    return RankingModel(
        products=ranked_products(load_catalogue(catalogue_uri)),
        statistics=load_product_statistics(catalogue_uri)[-1],
        near_candidates=options.ranker.near_candidates,
        popular_candidates=options.ranker.popular_candidates,
        scorer=scorer,
    )


def train_scorer(
    scorer: RankerScorer, examples: RankerExamples, validation: RankerExamples, options: RankerOptions, log_uri: str
) -> dict[str, list[float]]:
    """Fits a scorer, and keeps the weights of the epoch with the lowest validation loss.

    Args:
        scorer: A new scorer.
        examples: Baskets to learn from.
        validation: Baskets of other users; without any the last epoch counts.
        options: How to train.
        log_uri: Where TensorBoard's event files go.

    Returns:
        `loss` and `val_loss`, one value an epoch.
    """
    scorer.build((None, None, examples.features.shape[-1]))
    scorer.normalization.adapt(scorer.read(examples.features[examples.valid].astype(np.float32)))
    steps = max(1, len(examples.user) // options.batch_size) * options.max_epochs
    scorer.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(options.learning_rate, steps, alpha=0.02), weight_decay=1e-4
        ),
        loss=ListwiseSoftmax(options.novel_weight),
        jit_compile=False,
    )
    validated = len(validation.user) > 0
    callbacks: list[Any] = [keras.callbacks.TensorBoard(log_uri, write_graph=False)]
    if validated:
        callbacks.append(keras.callbacks.EarlyStopping(patience=options.patience, restore_best_weights=True))
    history = scorer.fit(
        examples.features,
        _labels(examples),
        validation_data=(validation.features, _labels(validation)) if validated else None,
        batch_size=options.batch_size,
        epochs=options.max_epochs,
        callbacks=callbacks,
        verbose=0,
    ).history
    return {name: [round(float(value), 5) for value in values] for name, values in history.items()}


def _labels(examples: RankerExamples) -> npt.NDArray[np.float32]:
    """Returns float32 `(baskets, candidates, 3)`: what `ListwiseSoftmax` wants to know of each candidate."""
    return np.stack([examples.relevant, examples.valid, examples.novel], axis=-1).astype(np.float32)


def _validated(users: JudgedUsers) -> npt.NDArray[np.bool_]:
    """Chooses every tenth user with all their windows, bool `(users,)`; queries come in order of user ids."""
    changes = [False, *(before != after for before, after in zip(users.user_ids[:-1], users.user_ids[1:], strict=True))]
    return np.cumsum(changes[: len(users)]) % _VALIDATED_USERS == _VALIDATED_USERS - 1


def _describer(request: TrainingRequest, options: RankerTrainingOptions) -> CandidateDescriber:
    if request.base_model_uri is None:
        raise ValueError("The ranker is trained on top of towers: give their model as the base model.")
    towers = load_towers(request.base_model_uri)
    items = load_items(
        request.catalogue_uri, request.transformed_products_uri, request.text_vectors_uri, towers.text_encoder
    )
    return CandidateDescriber(
        towers.user_tower,
        item_vectors(towers.item_tower, items),
        load_catalogue(request.catalogue_uri),
        load_product_statistics(request.catalogue_uri),
        event_types=len(load_catalogue_facts(request.catalogue_uri)["event_types"]),
        history_length=options.history_length,
        options=options.ranker,
    )
