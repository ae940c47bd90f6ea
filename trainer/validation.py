"""Judges the towers after each epoch of training."""

import logging
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from trainer.catalogue_ranking import NOVEL_PREFIX, ranking_metrics
from trainer.item_features import ItemFeatures
from trainer.judged_users import JudgedUsers
from trainer.towers import Towers

logger = logging.getLogger(__name__)

EVAL_PREFIX = "eval_"


class RankingValidation(keras.callbacks.Callback):
    """Ranks the whole catalogue for the eval split after each epoch and adds the metrics to the epoch's logs.

    Callbacks after it in the list (early stopping, TensorBoard) see `eval_ndcg_at_10`, `eval_novel_ndcg_at_10`, …

    Args:
        towers: The towers in training.
        items: Returns the features as they are now; with a backbone in training they change.
        users: The eval split.
    """

    def __init__(self, towers: Towers, items: Callable[[], ItemFeatures], users: JudgedUsers) -> None:
        super().__init__()
        self.history: list[dict[str, float]] = []
        self._towers = towers
        self._items = items
        self._users = users

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        found = ranking_metrics(self._towers, self._items(), self._users)
        metrics = {EVAL_PREFIX + name: value for name, value in found.items() if np.isfinite(value)}
        self.history.append(metrics)
        if logs is not None:
            logs.update(metrics)
        logger.info(
            "Epoch %d: loss %.4f, %s",
            epoch + 1,
            (logs or {}).get("loss", float("nan")),
            ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()),
        )


class TextRefresh(keras.callbacks.Callback):
    """Renews the table of text vectors after each epoch; stands before `RankingValidation` in the list.

    Args:
        refresh: `LiveTexts.refresh`.
    """

    def __init__(self, refresh: Callable[[], None]) -> None:
        super().__init__()
        self._refresh = refresh

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._refresh()


def monitored_metric(users: JudgedUsers) -> str | None:
    """Returns the logged metric that early stopping follows.

    That is the NDCG of novel products, the plain one where nothing is novel to anybody, and None where there is
    nobody to judge.
    """
    ranked = [row for row in range(len(users)) if users.history(row).stop > users.history(row).start]
    if not ranked:
        return None
    for row in ranked:
        if np.setdiff1d(users.targets(row), users.history_index[users.history(row)]).size:
            return f"{EVAL_PREFIX}{NOVEL_PREFIX}ndcg_at_10"
    return f"{EVAL_PREFIX}ndcg_at_10"
