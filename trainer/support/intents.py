"""The head that says what a question wants: logistic regression on vectors, for which a few examples are enough."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]

# On questions with five examples an intent as good as 10 and 100, and on many examples as well.
_INVERSE_REGULARISATION = 30.0
_MOST_EXAMPLES = 20_000
_MAX_ITERATIONS = 1_000
FOLDS = 5


class IntentHead(NamedTuple):
    """Weights `(dimensions, intents)` and bias `(intents,)`, float32; one without examples has -1e9."""

    weights: Vectors
    bias: Vectors

    def logits(self, encoded: Vectors) -> Vectors:
        """Returns float32 `(texts, intents)`."""
        return encoded @ self.weights + self.bias


def fit_intents(encoded: Vectors, labels: Rows, intents: int, seed: int) -> IntentHead | None:
    """Fits the head; None where there are fewer than two intents to tell apart.

    Args:
        encoded: float32 `(texts, dimensions)`: questions, and whatever else is of an intent.
        labels: int32 `(texts,)` intents; -1 for none, which is left out.
        intents: How many there are.
        seed: Of the sample that is learned from where there are more than 20,000 texts.
    """
    rows = np.flatnonzero(labels >= 0)
    if len(rows) > _MOST_EXAMPLES:
        rows = np.random.default_rng(seed).choice(rows, _MOST_EXAMPLES, replace=False)
    found = np.unique(labels[rows])
    if len(found) < 2:
        return None
    regression = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=_MAX_ITERATIONS)
    regression.fit(encoded[rows], labels[rows])
    weights, bias = regression.coef_, regression.intercept_
    if len(found) == 2:
        weights, bias = np.concatenate([-weights, weights]) / 2.0, np.concatenate([-bias, bias]) / 2.0
    dimensions = encoded.shape[1]
    head = IntentHead(np.zeros((dimensions, intents), np.float32), np.full(intents, -1e9, np.float32))
    head.weights[:, found], head.bias[found] = weights.T, bias
    return head


def held_out_logits(encoded: Vectors, labels: Rows, beside: tuple[Vectors, Rows], intents: int, seed: int) -> Vectors:
    """Returns what heads say that have not seen the question, float32 `(questions, intents)`; 0 where none can be.

    Args:
        encoded: float32 `(questions, dimensions)`.
        labels: int32 `(questions,)`.
        beside: Vectors and labels of what every head learns from too.
        intents: How many there are.
        seed: Of the folds.
    """
    logits = np.zeros((len(encoded), intents), np.float32)
    folds = np.random.default_rng(seed).permutation(len(encoded)) % FOLDS
    for fold in range(FOLDS):
        out = folds == fold
        seen, seen_labels = encoded[~out], labels[~out]
        head = fit_intents(
            np.concatenate([seen, beside[0]]), np.concatenate([seen_labels, beside[1]]).astype(np.int32), intents, seed
        )
        if head is not None and out.any():
            logits[out] = head.logits(encoded[out])
    return logits
