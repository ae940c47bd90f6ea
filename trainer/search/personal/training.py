"""Trains the reranker of searches on what users chose of their queries."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from serving.search.module import SearchModule
from serving.search.personal.features import part_of_feature
from serving.search.personal.reranking import PersonalModel
from trainer.exporting import byte_strings
from trainer.metrics.bootstrap import bootstrap_intervals
from trainer.recommendation.options import RankerOptions
from trainer.recommendation.ranker.examples import RankerExamples
from trainer.recommendation.ranker.importance import list_importance, list_ndcg, scores_of
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.recommendation.ranker.scorer_training import train_scorer
from trainer.search.options import PersonalOptions
from trainer.search.personal.asked_queries import Embed, asked_queries, popularity_of
from trainer.search.personal.examples import AskedExample
from trainer.search.personal.products import personal_products
from trainer.things import things_of

logger = logging.getLogger(__name__)

# Of ten folds of users: what these chose is what is known of like queries, …
_KNOWN_FOLDS = range(5)
# … the reranker learns from these, stops by this one, and is judged on this one.
_LEARNED_FOLDS, _VALIDATED_FOLD, _JUDGED_FOLD = range(5, 8), 8, 9
_FOLDS = 10
_QUERIES_AT_ONCE = 32
# How far the reranker may reach; see `PersonalModel`.
_REACHES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, float("inf"))


class LearnedReranker(NamedTuple):
    """What was learned.

    Attributes:
        model: What serves; None where it ranks worse than the search alone, or too few examples say something.
        report: What `index.json` says of it.
    """

    model: PersonalModel | None
    report: Mapping[str, Any]


def learn_reranker(
    examples: Sequence[AskedExample],
    catalogue: pa.Table,
    build: Callable[[PersonalModel], SearchModule],
    embed: Embed,
    options: PersonalOptions,
    *,
    event_types: Sequence[str],
    bought_event_type: str,
    collapse: str,
    log_uri: str,
    seed: int,
) -> LearnedReranker:
    """Learns to reorder the best things of a query, and judges it on users that it has not seen.

    What is known of like queries is counted from half of the users, and the reranker learns from others: what a user
    chose must not tell the reranker what they choose. What is served is counted from all.

    Args:
        examples: What users chose.
        catalogue: Of the search.
        build: Makes the search with a reranker.
        embed: Maps queries to vectors of length 1.
        options: How it is trained.
        event_types: Names of the types of a history's events, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        collapse: What an answer counts as one thing.
        log_uri: Where TensorBoard's event files go.
        seed: Of what is drawn at random.
    """
    keras.utils.set_random_seed(seed)
    known = [each for each in examples if each.fold in _KNOWN_FOLDS]
    others = [each for each in examples if each.fold not in _KNOWN_FOLDS]
    scale = _FOLDS / len(_KNOWN_FOLDS)
    size = catalogue.num_rows

    def model_of(chosen: Sequence[AskedExample], scale: float) -> PersonalModel:
        return PersonalModel(
            products=personal_products(catalogue, popularity_of(chosen, size, scale)),
            asked=asked_queries(chosen, embed, scale),
            event_types=tuple(event_types),
            bought_event_type=bought_event_type,
            history_length=options.history_length,
        )

    if len(others) < options.min_examples:
        return LearnedReranker(None, {"examples": len(others), "served": False})
    described = _describe(build(model_of(known, scale)), others, catalogue, event_types, collapse)
    fold = np.array([each.fold for each in others])
    found = described.relevant.any(axis=1)
    scorer = RankerScorer(units=options.units, features=described.names, networks=options.networks)
    train_scorer(
        scorer,
        described.rows(found & np.isin(fold, _LEARNED_FOLDS)),
        described.rows(found & (fold == _VALIDATED_FOLD)),
        RankerOptions(
            max_epochs=options.max_epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            novel_weight=0.0,
        ),
        log_uri,
        seed=seed,
    )
    validated, judged = (described.rows(found & (fold == each)) for each in (_VALIDATED_FOLD, _JUDGED_FOLD))
    reach = _reach(validated, scores_of(scorer, validated))
    as_found = np.broadcast_to(-np.arange(judged.relevant.shape[1]), judged.relevant.shape)
    plain = list_ndcg(judged.relevant, as_found)
    personal = list_ndcg(judged.relevant, _within_reach(judged, scores_of(scorer, judged), reach))
    differences = personal - plain
    served = bool(len(differences) and differences.mean() >= 0.0)
    interval = bootstrap_intervals(differences[:, np.newaxis], seed)[0]
    importance = {}
    if len(differences):
        importance["importance"] = list_importance(
            judged, lambda each: _within_reach(each, scores_of(scorer, each), reach), part_of_feature, seed
        )
    report = {
        **importance,
        "examples": len(others),
        "judged": len(differences),
        "served": served,
        "reach": reach if np.isfinite(reach) else None,
        "plain_ndcg_at_10": float(plain.mean()) if len(plain) else None,
        "ndcg_at_10": float(personal.mean()) if len(plain) else None,
        "difference": interval._asdict() if len(differences) > 1 else None,
    }
    logger.info("The reranker for who asks: %s", report)
    return LearnedReranker(replace(model_of(examples, 1.0), scorer=scorer, reach=reach) if served else None, report)


def _describe(
    module: SearchModule,
    examples: Sequence[AskedExample],
    catalogue: pa.Table,
    event_types: Sequence[str],
    collapse: str,
) -> RankerExamples:
    """Asks each query, and describes what is found as it will be served; memory grows with the examples."""
    ids = np.array([*byte_strings(catalogue["product_id"]), b""], object)
    types = np.array([*(name.encode() for name in event_types), b""], object)
    things = things_of(catalogue, collapse)
    describe = tf.function(module.describe_personal, autograph=False, reduce_retracing=True)
    width = max((len(each.products) for each in examples), default=0) or 1
    features, relevant, valid = [], [], []
    for start in range(0, len(examples), _QUERIES_AT_ONCE):
        batch = examples[start : start + _QUERIES_AT_ONCE]
        padded = {
            name: np.stack([np.pad(values, (0, width - len(values)), constant_values=-1) for values in lists])
            for name, lists in (
                ("products", [each.products for each in batch]),
                ("types", [each.types for each in batch]),
                ("ages", [each.age_seconds for each in batch]),
            )
        }
        told = describe(
            tf.constant([each.query for each in batch]),
            tf.constant(ids[padded["products"]].tolist()),
            tf.constant(types[padded["types"]].tolist()),
            tf.constant(padded["ages"], tf.float32),
        )
        products = told["products"].numpy()
        features.append(told["features"].numpy().astype(np.float16))
        found = np.where(products >= 0, things[np.maximum(products, 0)], -1)
        relevant.append(
            np.stack([np.isin(row, things[each.targets]) for row, each in zip(found, batch, strict=True)])
            & (products >= 0)
        )
        valid.append(products >= 0)
    return RankerExamples(
        names=module.personal_feature_names,
        features=np.concatenate(features),
        relevant=np.concatenate(relevant),
        valid=np.concatenate(valid),
        novel=np.zeros_like(np.concatenate(valid)),
        user=np.arange(len(examples)),
    )


def _within_reach(examples: RankerExamples, scores: npt.NDArray[np.float64], reach: float) -> npt.NDArray[np.float64]:
    """Returns scores that put no thing before another one that is a step above it by the search, as served."""
    beside = examples.features[..., examples.names.index("score beside the best")].astype(np.float64)
    steps = np.floor(np.maximum(-beside, 0.0) / reach)
    span = 2.0 * np.abs(np.where(examples.valid, scores, 0.0)).max(axis=1, keepdims=True, initial=0.0) + 1.0
    return np.where(examples.valid, scores - steps * span, -np.inf)


def _reach(examples: RankerExamples, scores: npt.NDArray[np.float64]) -> float:
    """Returns the smallest reach that is hardly worse than the best one.

    That is, whose mean NDCG@10 falls short by no more than a standard error of the difference (after Breiman et al.,
    "Classification and regression trees", 1984): what the search is sure of is left to it where that costs nothing.
    """
    if len(examples.user) < 2:
        return _REACHES[0]
    ndcg = np.stack([list_ndcg(examples.relevant, _within_reach(examples, scores, reach)) for reach in _REACHES])
    shortfall = ndcg[ndcg.mean(axis=1).argmax()] - ndcg
    error = shortfall.std(axis=1, ddof=1) / np.sqrt(len(examples.user))
    return _REACHES[int(np.flatnonzero(shortfall.mean(axis=1) <= error)[0])]
