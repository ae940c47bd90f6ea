"""What a response model must be better than: the base rate, the user's own rate, and two models of scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from trainer.response.examples import Impressions

BASE_RATE, PAST_RATE, LOGISTIC, BOOSTING = "base_rate", "past_rate", "logistic_regression", "gradient_boosting"
_MOST_VALUES = 50

Probabilities = npt.NDArray[np.float64]


class FittedBaselines:
    """Baselines that have learned the first outcome; they are small, and pickled to workers.

    Args:
        learned: Training impressions.
        own_rate: Place of the number that is the user's own rate.
    """

    def __init__(self, learned: Impressions, own_rate: int) -> None:
        self._own_rate = own_rate
        happened, weight = learned.outcomes[:, 0] > 0.5, learned.weight
        self._rate = float(np.average(happened, weights=weight))
        self._encoder = OneHotEncoder(handle_unknown="ignore", max_categories=_MOST_VALUES, sparse_output=False)
        self._encoder.fit(learned.categories.astype(str))
        self._logarithms = make_pipeline(
            FunctionTransformer(_logarithms), SimpleImputer(keep_empty_features=True), StandardScaler()
        ).fit(learned.numbers)
        with threadpool_limits(1):
            self._past = LogisticRegression().fit(self._own(learned), happened, weight)
            self._logistic = LogisticRegression(C=0.03, max_iter=2000).fit(self._linear(learned), happened, weight)
            # Where anything else runs on the machine, threads of so small a fit wait for each other.
            self._boosting = HistGradientBoostingClassifier(
                max_iter=150,
                learning_rate=0.05,
                max_leaf_nodes=15,
                l2_regularization=5.0,
                early_stopping=False,
                random_state=0,
            ).fit(self._whole(learned), happened, weight)

    def systems(self) -> dict[str, Callable[[Impressions], Probabilities]]:
        """Returns what gives the probabilities of impressions, `(rows,)`, by the name of each baseline."""
        return {
            BASE_RATE: lambda rows: np.full(len(rows), self._rate),
            PAST_RATE: lambda rows: _second(self._past, self._own(rows)),
            LOGISTIC: lambda rows: _second(self._logistic, self._linear(rows)),
            BOOSTING: lambda rows: _second(self._boosting, self._whole(rows)),
        }

    def _own(self, rows: Impressions) -> Probabilities:
        rate = np.clip(rows.numbers[:, [self._own_rate]], 1e-4, 1 - 1e-4)
        return np.asarray(np.log(rate / (1 - rate)), np.float64)

    def _linear(self, rows: Impressions) -> Probabilities:
        return np.hstack([self._logarithms.transform(rows.numbers), self._encoded(rows)])

    def _whole(self, rows: Impressions) -> Probabilities:
        return np.hstack([rows.numbers, self._encoded(rows)])

    def _encoded(self, rows: Impressions) -> Probabilities:
        return np.asarray(self._encoder.transform(rows.categories.astype(str)))


def _logarithms(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(np.sign(numbers) * np.log1p(np.abs(numbers)))


def _second(model: Any, values: Probabilities) -> Probabilities:
    with threadpool_limits(1):
        return np.asarray(model.predict_proba(values)[:, 1])
