"""Trains the ranker on top of trained towers."""

import logging
import os
import time
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from serving.recommendation.neighbours import NeighbourTable
from serving.recommendation.ranker import RankingModel
from serving.recommendation.ranking_features import RULE_FEATURES, TOWER_FEATURES
from serving.recommendation.reasons.score_parts import part_of_feature
from serving.recommendation.reasons.wording import PARTS
from serving.recommendation.together import ServedRules
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.keras_files import save_keras
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.training_request import EarlierTraining, TrainingRequest
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.options import RankerOptions, RankerTrainingOptions
from trainer.recommendation.ranker.examples import CandidateDescriber
from trainer.recommendation.ranker.importance import list_importance, scores_of
from trainer.recommendation.ranker.neighbours import save_neighbours
from trainer.recommendation.ranker.ranked_products import load_product_statistics
from trainer.recommendation.ranker.replay import new_or_replayed
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.recommendation.ranker.scorer_training import train_scorer
from trainer.recommendation.ranker.served_rules import served_rules
from trainer.recommendation.ranker.shown_histories import ShownHistories, shown_histories
from trainer.recommendation.ranker.trained_ranker import (
    AGAIN,
    RANKER,
    WITH_RULES,
    WITHOUT_RULES,
    WITHOUT_TOWERS,
    load_scorer,
    ranking_model,
    scorer_file,
)
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import load_towers

logger = logging.getLogger(__name__)

# One user in so many is not learned from, to stop the training by.
_VALIDATED_USERS = 10
# Test users that tell what matters.
_TEST_USERS = 300


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts and writes the scorers.

    ModelTrainer calls it. Rules take part where the request names them.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    started = time.monotonic()
    options = RankerTrainingOptions.model_validate_json(request.options_json)
    keras.utils.set_random_seed(request.seed)
    users = load_judged_users(request.examples_uri, "ranker", options.ranker.max_examples)
    if request.earlier is not None:
        users = users.chosen(
            new_or_replayed(users, _learned_until(request.earlier), options.update.replay, request.seed)
        )
    catalogue = load_catalogue(request.catalogue_uri)
    rules = None if request.rules_uri is None else served_rules(request.rules_uri, catalogue)
    shown = shown_histories(users, request.examples_uri, catalogue.num_rows, options, request.seed)
    model = ranking_model(options.ranker, request.catalogue_uri, shown[0].neighbours, rules)
    save_neighbours(model.neighbours, request.model_uri)
    describer = _describer(request, options, model)
    examples = describer.describe(users, shown, request.seed)
    if examples is None:
        raise ValueError(
            "The ranker learns from what users with a history did in the validation period, and nothing of that "
            f"was a candidate ({len(users)} users). Raise `split.validation_days`, or set `ranker: off`."
        )
    logger.info("Described the candidates of %d baskets in %.1f s.", len(examples.user), time.monotonic() - started)
    validated = _validated(users)[examples.user]
    examples, validation = examples.rows(~validated), examples.rows(validated)
    losses = {}
    checkpoints = Checkpoints(request.checkpoint_uri, options.ranker.checkpoint_minutes)
    scorers = _scorers(options.ranker, rules)
    if request.earlier is not None:
        # What the parts of the model add, the last run has told.
        scorers = {RANKER: scorers[RANKER]}
    for name, parts in scorers.items():
        # Those of one training have the same seed, so that what they differ by is what they read.
        seed = request.seed + _training_number(name)
        keras.utils.set_random_seed(seed)
        learned, judged = (part if parts["rules"] else part.without(RULE_FEATURES) for part in (examples, validation))
        unread = () if parts["towers"] else TOWER_FEATURES
        scorer = RankerScorer(
            units=options.ranker.units, features=learned.names, unread=unread, networks=options.ranker.networks
        )
        losses[name] = train_scorer(
            scorer,
            learned,
            judged,
            options.ranker,
            os.path.join(request.log_uri, name),
            seed=seed,
            checkpoints=checkpoints.part(name),
            earlier=None if request.earlier is None else load_scorer(request.earlier.model_uri, name),
            update=options.update,
        )
        save_keras(scorer, scorer_file(request.model_uri, name))
    importance = {} if request.earlier is not None else _importance(request, options, describer, shown[0].neighbours)
    return {
        "options": options.model_dump(mode="json"),
        "scorers": scorers,
        "examples": {"train": len(examples.user), "validation": len(validation.user)},
        "losses": losses,
        **importance,
        "update": request.earlier is not None,
        "seconds": round(time.monotonic() - started, 1),
    }


def _learned_until(earlier: EarlierTraining) -> int:
    """Returns the moment up to which the earlier ranker was learned, in Unix seconds."""
    until: int = load_catalogue_facts(earlier.catalogue_uri)["test_start"]
    return until


def _scorers(options: RankerOptions, rules: ServedRules | None) -> dict[str, dict[str, bool]]:
    """Returns what each scorer reads, by its name: the one that serves, and those that it is compared with."""
    # Where none were mined, both ways are one.
    mined = rules is not None and len(np.asarray(rules.consequent)) > 0
    with_rules = options.rules and mined
    scorers = {
        RANKER: {"towers": True, "rules": with_rules},
        WITHOUT_TOWERS: {"towers": False, "rules": with_rules},
    }
    if mined:
        other = WITHOUT_RULES if with_rules else WITH_RULES
        scorers[other] = {"towers": True, "rules": not with_rules}
        for number in range(1, options.trainings):
            scorers |= {f"{name}{AGAIN}{number}": scorers[name] for name in (RANKER, other)}
    return scorers


def _training_number(name: str) -> int:
    """Returns how many trainings of a scorer came before, by its name."""
    _, again, number = name.partition(AGAIN)
    return int(number) if again else 0


def _importance(
    request: TrainingRequest,
    options: RankerTrainingOptions,
    describer: CandidateDescriber,
    neighbours: NeighbourTable,
) -> dict[str, Any]:
    """Returns what matters to the scorer that serves, over test users; nothing where none of them is left."""
    users = load_judged_users(request.examples_uri, "test", _TEST_USERS)
    # What is known of the products up to the test period stands last.
    last = len(load_product_statistics(request.catalogue_uri)) - 1
    users = replace(users, window=np.full(len(users), last, np.int32))
    shown = ShownHistories(np.full(len(users), options.history_length), neighbours)
    examples = describer.describe(users, [shown], request.seed)
    if examples is None:
        return {}
    scorer = load_scorer(request.model_uri, RANKER)
    # Of a ranker that does not read rules no feature of theirs is left.
    examples = examples.without(set(examples.names) - set(scorer.features))
    found = list_importance(examples, lambda each: scores_of(scorer, each), _said_of, request.seed)
    return {"importance": found}


def _said_of(feature: str) -> str:
    """Returns what a feature is about, in people's words."""
    return PARTS[part_of_feature(feature)]


def _validated(users: JudgedUsers) -> npt.NDArray[np.bool_]:
    """Chooses every tenth user with all their windows, bool `(users,)`; queries come in order of user ids."""
    changes = [False, *(before != after for before, after in zip(users.user_ids[:-1], users.user_ids[1:], strict=True))]
    return np.cumsum(changes[: len(users)]) % _VALIDATED_USERS == _VALIDATED_USERS - 1


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
