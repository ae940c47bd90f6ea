"""Gradient boosting over pairs of a user and something that the user may buy."""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits


class BoostedPairs:
    """scikit-learn's gradient boosting on one thread, as workers of Beam share the processors.

    Attributes:
        settings: Of the model.
    """

    settings: ClassVar[dict[str, Any]] = {}

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def fit(cls, habits: npt.NDArray[np.float32], bought: npt.NDArray[np.bool_], seed: int) -> Self:
        """Learns from pairs, float32 `(pairs, numbers)` and bool `(pairs,)`."""
        model = HistGradientBoostingClassifier(**cls.settings, early_stopping=False, random_state=seed)
        with threadpool_limits(1, user_api="openmp"):
            return cls(model.fit(habits, bought))

    def of(self, habits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Returns the chance of each pair, `(…,)`, of numbers `(…, numbers)`."""
        rows = habits.reshape(-1, habits.shape[-1])
        with threadpool_limits(1, user_api="openmp"):
            found = self._model.predict_proba(rows)[:, 1]
        return np.asarray(found, np.float32).reshape(habits.shape[:-1])
