"""The files of a trained ranker, and the model that is made of them."""

import os
from dataclasses import replace
from typing import NamedTuple

from serving.recommendation.adjustment import Adjustment
from serving.recommendation.neighbours import NeighbourTable
from serving.recommendation.ranker import CandidateCounts, RankingModel
from serving.recommendation.together import ServedRules
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.keras_files import load_keras
from trainer.fitting.training_summary import read_training_summary
from trainer.recommendation.options import RankerOptions, RankerTrainingOptions
from trainer.recommendation.ranker.neighbours import load_neighbours
from trainer.recommendation.ranker.ranked_products import load_product_statistics, ranked_products
from trainer.recommendation.ranker.scorer import RankerScorer

RANKER, WITHOUT_TOWERS = "ranker", "ranker_without_towers"
WITH_RULES, WITHOUT_RULES = "ranker_with_rules", "ranker_without_rules"
# What follows the name of a scorer that was trained once more, from another seed, and goes on with which one it is.
AGAIN = "_again_"
# The scorer that serves, with its scores as they are.
WITHOUT_DAMPING, WITHOUT_KIND_PENALTY = "ranker_without_damping", "ranker_without_kind_penalty"
WITHOUT_EXPOSURE_CAPS = "ranker_without_exposure_caps"


class TrainedRanker(NamedTuple):
    """What was trained, with what a served model needs to rank: statistics up to the test period, and rules.

    Attributes:
        model: The model that serves.
        ablations: The same without the features and the candidates of a source, or with those of rules, by name.
    """

    model: RankingModel
    ablations: dict[str, RankingModel]


def scorer_file(model_uri: str, name: str) -> str:
    """Returns where a scorer is saved."""
    return os.path.join(model_uri, f"{name}.keras")


def load_ranker(model_uri: str, catalogue_uri: str, rules: ServedRules | None) -> TrainedRanker:
    """Loads what `run_training` wrote with `trainer.recommendation.ranker.training.run`.

    Args:
        model_uri: Where it is.
        catalogue_uri: The catalogue that it was trained with.
        rules: The rules that it was trained with, None where there were none.

    Raises:
        tf.errors.NotFoundError: There is no training.json.
        ValueError: A scorer's file is missing or unreadable.
    """
    summary = read_training_summary(model_uri)
    options = RankerTrainingOptions.model_validate(summary["options"]).ranker
    model = ranking_model(options, catalogue_uri, load_neighbours(model_uri), rules)
    models = {
        name: replace(
            model,
            scorer=load_scorer(model_uri, name),
            rules=rules if parts["rules"] else None,
            candidates=model.candidates if parts["towers"] else replace(model.candidates, near=0),
        )
        for name, parts in summary["scorers"].items()
    }
    served = models.pop(RANKER)
    # After an update the model is compared with others, and not with its own parts once more.
    return TrainedRanker(served, {} if summary.get("update") else models | _less_adjusted(served))


def load_scorer(model_uri: str, name: str) -> RankerScorer:
    """Loads a scorer of a trained ranker.

    Raises:
        ValueError: Its file is missing or unreadable.
    """
    # Keras finds the class by its name, once it is imported: a step of a cluster imports nothing but what it names.
    scorer: RankerScorer = load_keras(scorer_file(model_uri, name))
    return scorer


def _less_adjusted(model: RankingModel) -> dict[str, RankingModel]:
    """Returns the model without each of the adjustments that it makes, to tell what these cost."""
    adjustment = model.adjustment
    without = {}
    if adjustment.popularity_damping > 0.0:
        without[WITHOUT_DAMPING] = replace(model, adjustment=replace(adjustment, popularity_damping=0.0))
    if adjustment.kind_penalty > 0.0:
        without[WITHOUT_KIND_PENALTY] = replace(model, adjustment=replace(adjustment, kind_penalty=0.0))
    if adjustment.exposure_caps:
        without[WITHOUT_EXPOSURE_CAPS] = replace(model, adjustment=replace(adjustment, exposure_caps={}))
    return without


def ranking_model(
    options: RankerOptions, catalogue_uri: str, neighbours: NeighbourTable, rules: ServedRules | None
) -> RankingModel:
    """Returns a model without a scorer, with statistics up to the test period."""
    return RankingModel(
        products=ranked_products(load_catalogue(catalogue_uri), tuple(options.exposure_caps)),
        statistics=load_product_statistics(catalogue_uri)[-1],
        neighbours=neighbours,
        candidates=CandidateCounts(
            near=options.near_candidates,
            neighbours=options.neighbour_candidates,
            popular=options.popular_candidates,
            rules=options.rule_candidates,
        ),
        rules=rules,
        adjustment=Adjustment(
            popularity_damping=options.popularity_damping,
            kind_penalty=options.kind_penalty,
            exposure_caps=options.exposure_caps,
        ),
    )
