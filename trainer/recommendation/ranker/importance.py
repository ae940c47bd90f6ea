"""What matters to a scorer of lists: how much worse they are ordered where a part of the features is shuffled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.metrics.permutation import Arrays, Part, permutation_importance
from trainer.metrics.ranking import ndcg_at_k
from trainer.recommendation.ranker.examples import RankerExamples
from trainer.recommendation.ranker.scorer import RankerScorer

_K = 10


def list_importance(
    examples: RankerExamples,
    score: Callable[[RankerExamples], npt.NDArray[np.floating[Any]]],
    part_of: Callable[[str], str],
    seed: int,
) -> dict[str, Any]:
    """Shuffles each part of the features among all candidates, and what a list has once among the lists.

    Args:
        examples: At least one list; how it is ordered is measured by NDCG@10 among the candidates that it has.
        score: Scores candidates, `(lists, candidates)`; -inf for none.
        part_of: What a feature belongs to, by its name.
        seed: Of the order.

    Returns:
        As `permutation_importance`, with `examples`: how many lists were ordered.
    """
    features, valid = examples.features.astype(np.float32), examples.valid
    shared = _shared(features, valid)
    first = features[np.arange(len(features)), valid.argmax(axis=1)]
    inputs = {"candidates": features[valid][:, ~shared], "lists": first[:, shared]}

    def measure(changed: Arrays) -> float:
        told = np.zeros_like(features)
        told[..., shared] = changed["lists"][:, np.newaxis]
        own = np.zeros((*valid.shape, int((~shared).sum())), np.float32)
        own[valid] = changed["candidates"]
        told[..., ~shared] = own
        return float(list_ndcg(examples.relevant, score(examples._replace(features=told.astype(np.float16)))).mean())

    parts: dict[str, Part] = {}
    for part in dict.fromkeys(map(part_of, examples.names)):
        belongs = np.array([part_of(name) == part for name in examples.names])
        columns = {"candidates": np.flatnonzero(belongs[~shared]), "lists": np.flatnonzero(belongs[shared])}
        parts[part] = {name: places.tolist() for name, places in columns.items() if len(places)}
    found = permutation_importance(inputs, parts, measure, metric=f"ndcg_at_{_K}", seed=seed)
    return {**found, "examples": len(valid)}


def scores_of(scorer: RankerScorer, examples: RankerExamples) -> npt.NDArray[np.float64]:
    """Returns the scorer's scores, float64 `(lists, candidates)`; -inf for none."""
    if not len(examples.user):
        return np.zeros(examples.valid.shape)
    return np.where(examples.valid, np.asarray(scorer(examples.features.astype(np.float32)), np.float64), -np.inf)


def list_ndcg(relevant: npt.NDArray[np.bool_], scores: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Returns the NDCG@10 of each list, of the relevant candidates that it has."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :_K]
    return ndcg_at_k(np.take_along_axis(relevant, order, axis=1), relevant.sum(axis=1), _K)


def _shared(features: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tells which features are the same for all candidates of each list, bool `(features,)`."""
    there = valid[..., np.newaxis]
    highest = np.where(there, features, -np.inf).max(axis=1)
    lowest = np.where(there, features, np.inf).min(axis=1)
    return np.asarray((highest <= lowest).all(axis=0))
