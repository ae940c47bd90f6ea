"""Trains the ranker on top of trained towers."""

import logging
import os
import time
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from serving.recommendation.ranker import CandidateCounts, RankingModel
from serving.recommendation.together import ServedRules
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.fitting.fused_adam import FusedAdamW
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import read_training_summary, write_training_summary
from trainer.recommendation.features import load_items
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.options import RankerOptions, RankerTrainingOptions
from trainer.recommendation.ranker.examples import CandidateDescriber, RankerExamples
from trainer.recommendation.ranker.ranked_products import load_product_statistics, ranked_products
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.recommendation.ranker.served_rules import served_rules
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.losses import ListwiseSoftmax
from trainer.recommendation.towers.towers import load_towers

logger = logging.getLogger(__name__)

RANKER, WITHOUT_TOWERS = "ranker", "ranker_without_towers"
WITH_RULES, WITHOUT_RULES = "ranker_with_rules", "ranker_without_rules"
# One user in so many is not learned from, to stop the training by.
_VALIDATED_USERS = 10


class TrainedRanker(NamedTuple):
    """What `run` wrote, with what a served model needs to rank: statistics up to the test period, and rules.

    Attributes:
        model: The model that serves.
        ablations: The same without the features and the candidates of a source, or with those of rules, by name.
    """

    model: RankingModel
    ablations: dict[str, RankingModel]


def run(request: TrainingRequest) -> None:
    """Trains on a request's artifacts and writes the scorers and training.json.

    ModelTrainer calls it. Rules take part where the request names them.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    started = time.monotonic()
    options = RankerTrainingOptions.model_validate_json(request.options_json)
    keras.utils.set_random_seed(request.seed)
    users = load_judged_users(request.examples_uri, "ranker", options.ranker.max_examples)
    catalogue = load_catalogue(request.catalogue_uri)
    rules = None if request.rules_uri is None else served_rules(request.rules_uri, catalogue)
    model = _ranking_model(options.ranker, request.catalogue_uri, rules)
    examples = _describer(request, options, model).describe(users, request.seed)
    logger.info("Described the candidates of %d baskets in %.1f s.", len(examples.user), time.monotonic() - started)
    validated = _validated(users)[examples.user]
    examples, validation = examples.rows(~validated), examples.rows(validated)
    losses = {}
    scorers = _scorers(options.ranker, rules)
    for name, parts in scorers.items():
        # All from the same seed, so that what they differ by is what they read.
        keras.utils.set_random_seed(request.seed)
        scorer = RankerScorer(units=options.ranker.units, tower_features=parts["towers"])
        cut = rules is not None and not parts["rules"]
        learned, judged = (part.without_rules() if cut else part for part in (examples, validation))
        losses[name] = train_scorer(scorer, learned, judged, options.ranker, os.path.join(request.log_uri, name))
        save_keras(scorer, scorer_file(request.model_uri, name))
    summary = {
        "options": options.model_dump(mode="json"),
        "scorers": scorers,
        "examples": {"train": len(examples.user), "validation": len(validation.user)},
        "losses": losses,
        "seconds": round(time.monotonic() - started, 1),
    }
    write_training_summary(summary, request.model_uri)


def scorer_file(model_uri: str, name: str) -> str:
    """Returns where a scorer is saved."""
    return os.path.join(model_uri, f"{name}.keras")


def load_ranker(model_uri: str, catalogue_uri: str, rules: ServedRules | None) -> TrainedRanker:
    """Loads what `run` wrote.

    Args:
        model_uri: Where to.
        catalogue_uri: The catalogue that it was trained with.
        rules: The rules that it was trained with, None where there were none.

    Raises:
        ValueError: A file is missing or unreadable.
    """
    summary = read_training_summary(model_uri)
    options = RankerTrainingOptions.model_validate(summary["options"]).ranker
    model = _ranking_model(options, catalogue_uri, rules)
    models = {
        name: replace(
            model,
            scorer=load_keras(scorer_file(model_uri, name)),
            rules=rules if parts["rules"] else None,
            candidates=model.candidates if parts["towers"] else replace(model.candidates, near=0),
        )
        for name, parts in summary["scorers"].items()
    }
    return TrainedRanker(models.pop(RANKER), models)


def _scorers(options: RankerOptions, rules: ServedRules | None) -> dict[str, dict[str, bool]]:
    """Returns what each scorer reads, by its name: the one that serves, and those that it is compared with."""
    with_rules = options.rules and rules is not None
    scorers = {
        RANKER: {"towers": True, "rules": with_rules},
        WITHOUT_TOWERS: {"towers": False, "rules": with_rules},
    }
    if rules is not None:
        scorers[WITHOUT_RULES if with_rules else WITH_RULES] = {"towers": True, "rules": not with_rules}
    return scorers


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
        optimizer=FusedAdamW(
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


def _ranking_model(options: RankerOptions, catalogue_uri: str, rules: ServedRules | None) -> RankingModel:
    """Returns a model without a scorer, with statistics up to the test period."""
    return RankingModel(
        products=ranked_products(load_catalogue(catalogue_uri)),
        statistics=load_product_statistics(catalogue_uri)[-1],
        candidates=CandidateCounts(
            near=options.near_candidates,
            popular=options.popular_candidates,
            rules=options.rule_candidates,
        ),
        rules=rules,
    )


def _describer(request: TrainingRequest, options: RankerTrainingOptions, model: RankingModel) -> CandidateDescriber:
    if request.base_model_uri is None:
        raise ValueError("The ranker is trained on top of towers: give their model as the base model.")
    towers = load_towers(request.base_model_uri)
    items = load_items(
        request.catalogue_uri, request.transformed_products_uri, request.text_vectors_uri, towers.text_encoder
    )
    return CandidateDescriber(
        towers,
        item_vectors(towers, items),
        model,
        load_product_statistics(request.catalogue_uri),
        event_types=len(load_catalogue_facts(request.catalogue_uri)["event_types"]),
        history_length=options.history_length,
        options=options.ranker,
    )
