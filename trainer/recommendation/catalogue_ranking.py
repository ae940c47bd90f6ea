"""Ranks the whole catalogue for judged users by their vectors, as validation during training does."""

import numpy as np
import numpy.typing as npt

from trainer.metrics.ranking import highest, hit_matrix, ndcg_at_k, recall_at_k
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import Towers
from trainer.recommendation.towers.user_vectors import user_vectors

NOVEL_PREFIX = "novel_"
_USERS_AT_ONCE = 512


def ranking_metrics(towers: Towers, items: ItemFeatures, users: JudgedUsers, k: int = 10) -> dict[str, float]:
    """Scores every product for every user and averages ranking metrics over the users.

    Users without history are left out: the towers do not answer them.

    Args:
        towers: The towers to judge.
        items: The catalogue's features.
        users: Users of one split.
        k: Length of the lists.

    Returns:
        `ndcg_at_k`, `recall_at_k`, and both with the prefix `novel_`, where products of the user's history are taken
        out of both the list and the targets. NaN where no user has a target.
    """
    products = item_vectors(towers, items)
    return vector_metrics(user_vectors(towers, products, users), products, users, k)


def vector_metrics(
    vectors: npt.NDArray[np.float32], products: npt.NDArray[np.float32], users: JudgedUsers, k: int = 10
) -> dict[str, float]:
    """Returns what `ranking_metrics` does, of vectors of users `(users, d)` and of all products `(products, d)`."""
    known = np.flatnonzero(np.diff(users.history_offsets) > 0)
    width = min(k, len(products))
    values: dict[str, list[npt.NDArray[np.float64]]] = {}
    for start in range(0, len(known), _USERS_AT_ONCE):
        rows = known[start : start + _USERS_AT_ONCE]
        scores = vectors[rows] @ products.T
        targets = [users.targets(row) for row in rows]
        _collect(values, "", _best(scores, width), targets, k)
        bought = [users.history_index[users.history(row)] for row in rows]
        for place, history in enumerate(bought):
            scores[place, history] = -np.inf
        novel = [np.setdiff1d(target, history) for target, history in zip(targets, bought, strict=True)]
        _collect(values, NOVEL_PREFIX, _best(scores, width), novel, k)
    return {name: _mean(np.concatenate(rows_of)) for name, rows_of in values.items()}


def _best(scores: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.int64]:
    """Returns the `width` best products of each row, best first; -1 where only -inf is left."""
    ranked = highest(scores, width)
    return np.where(np.isfinite(np.take_along_axis(scores, ranked, axis=1)), ranked, -1)


def _collect(
    values: dict[str, list[npt.NDArray[np.float64]]],
    prefix: str,
    lists: npt.NDArray[np.int64],
    targets: list[npt.NDArray[np.int32]],
    k: int,
) -> None:
    counts = np.array([len(target) for target in targets], np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    hits = hit_matrix(lists, offsets, np.concatenate(targets))
    values.setdefault(f"{prefix}ndcg_at_{k}", []).append(ndcg_at_k(hits, counts, k))
    values.setdefault(f"{prefix}recall_at_{k}", []).append(recall_at_k(hits, counts, k))


def _mean(values: npt.NDArray[np.float64]) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")
