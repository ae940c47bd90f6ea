"""Judges the towers after each epoch of training."""

from collections.abc import Callable

import numpy as np

from trainer.fitting.fit import EpochValidation
from trainer.recommendation.catalogue_ranking import NOVEL_PREFIX, ranking_metrics
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.towers import Towers


class RankingValidation(EpochValidation):
    """Ranks the whole catalogue for the eval split after each epoch: `ndcg_at_10`, `novel_ndcg_at_10` and others.

    Args:
        towers: The towers in training.
        items: Returns the features as they are now; with a backbone in training they change.
        users: The eval split.
    """

    def __init__(self, towers: Towers, items: Callable[[], ItemFeatures], users: JudgedUsers) -> None:
        self._towers = towers
        self._items = items
        self._users = users

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        found = ranking_metrics(self._towers, self._items(), self._users)
        return {name: value for name, value in found.items() if np.isfinite(value)}


def monitored_metric(users: JudgedUsers) -> str | None:
    """Returns the metric that early stopping follows.

    That is the NDCG of novel products, the plain one where nothing is novel to anybody, and None where there is
    nobody to judge.
    """
    ranked = [row for row in range(len(users)) if users.history(row).stop > users.history(row).start]
    if not ranked:
        return None
    for row in ranked:
        if np.setdiff1d(users.targets(row), users.history_index[users.history(row)]).size:
            return f"{NOVEL_PREFIX}ndcg_at_10"
    return "ndcg_at_10"
