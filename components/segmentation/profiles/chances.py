"""The chance that a user buys in a category, learned from what users did after earlier moments."""

import pickle
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from components.segmentation.profiles.boosting import BoostedPairs

_BINS = 20


class Judged(NamedTuple):
    """How good chances are.

    Attributes:
        brier: Mean squared difference from what came true (Brier, 1950).
        calibration_error: Mean difference between the chance and how often it came true, over 20 groups of about as
            many pairs with like chances.
        share_brier: The Brier score of the peer: the share of the last two periods.
        pairs: Of a user and a category.
    """

    brier: float
    calibration_error: float
    share_brier: float
    pairs: int


class Chances(BoostedPairs):
    """Gradient boosting on `category_habits`; the log loss that it minimises makes its probabilities chances."""

    settings: ClassVar[dict[str, Any]] = {
        "max_iter": 120,
        "learning_rate": 0.08,
        "max_leaf_nodes": 31,
        "min_samples_leaf": 100,
    }

    def to_bytes(self) -> bytes:
        """Returns the model for workers of the same run; it is kept nowhere."""
        return pickle.dumps(self._model)

    @classmethod
    def of_bytes(cls, content: bytes) -> "Chances":
        """Returns the model of what `to_bytes` returned."""
        return cls(pickle.loads(content))


def calibration_error(chances: npt.NDArray[np.floating], bought: npt.NDArray[np.bool_]) -> float:
    """Returns the expected calibration error over 20 groups of as many pairs each, ordered by chance."""
    order = np.argsort(chances, kind="stable")
    groups = np.array_split(order, min(_BINS, len(order)))
    gaps = [len(group) * abs(chances[group].mean() - bought[group].mean()) for group in groups]
    return float(np.sum(gaps) / max(len(order), 1))


def judge(chances: npt.NDArray[np.floating], bought: npt.NDArray[np.bool_], shares: npt.NDArray[np.floating]) -> Judged:
    """Judges chances by what came true; all arguments `(pairs,)`."""
    return Judged(
        brier=float(np.mean((chances - bought) ** 2)),
        calibration_error=calibration_error(chances, bought),
        share_brier=float(np.mean((shares - bought) ** 2)),
        pairs=len(chances),
    )
