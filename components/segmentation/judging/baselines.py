"""The baselines of segmentation: the last tier carried forward, and gradient boosting on recency, frequency, money."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from trainer.artifacts.example_files import example_features

_ITERATIONS, _LEARNING_RATE, _LEAVES = 100, 0.05, 15

FloatArray = npt.NDArray[np.floating]


def carried_forward(records: Sequence[bytes], classes: int) -> npt.NDArray[np.float32]:
    """Returns probability 1 of the tier of the last period, float32 `(records, classes)`."""
    places = [example_features(record)["carried"].int64_list.value[0] for record in records]
    return np.eye(classes, dtype=np.float32)[np.array(places, np.int64)]


def fit_gradient_boosting(records: Sequence[bytes]) -> HistGradientBoostingClassifier:
    """Fits boosted trees on the `baseline` numbers of training examples; memory grows with their number."""
    labels = np.array([example_features(record)["label"].int64_list.value[0] for record in records], np.int64)
    model = HistGradientBoostingClassifier(
        max_iter=_ITERATIONS,
        learning_rate=_LEARNING_RATE,
        max_leaf_nodes=_LEAVES,
        # It would hold examples back by label, which a label of one example does not bear.
        early_stopping=False,
        random_state=0,
    )
    with _one_thread():
        return model.fit(_numbers(records), labels)


def gradient_boosting(model: Any, records: Sequence[bytes], classes: int) -> FloatArray:
    """Returns probabilities `(records, classes)` in the order of the vocabulary; 0 for a label never learned."""
    probabilities = np.zeros((len(records), classes))
    with _one_thread():
        probabilities[:, model.classes_] = model.predict_proba(_numbers(records))
    return probabilities


def _one_thread() -> threadpool_limits:
    # Of so few numbers a thread has nothing to do in no time, and then waits for the others with all its might: where
    # anything else runs on the machine, a fit of less than a second took a minute.
    return threadpool_limits(1, user_api="openmp")


def _numbers(records: Sequence[bytes]) -> npt.NDArray[np.float32]:
    return np.array([example_features(record)["baseline"].float_list.value for record in records], np.float32)
