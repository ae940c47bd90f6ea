"""When an answer is sure enough to be given: a probability that it is right, and the least one that is answered."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]

# Below so many questions the probability of the best answer is taken as it is.
_ENOUGH = 60
# Nothing is sure.
NEVER = 2.0


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """Makes signs of how sure an answer is a probability that it is right.

    Attributes:
        weights: float64 `(signs,)`.
        bias: What is added.
        threshold: Probability below which a question is handed over; `NEVER` hands all over.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def probabilities(self, signs: Floats) -> Floats:
        """Returns float64 `(questions,)` for float64 `(questions, signs)`."""
        found: Floats = 1.0 / (1.0 + np.exp(-(signs @ np.array(self.weights) + self.bias)))
        return found


def learn_confidence(signs: Floats, right: npt.NDArray[np.bool_], max_wrong: float) -> Confidence:
    """Learns when the best answers are right.

    The first sign is the log odds of the best answer's probability: with few questions, or where all answers are right
    or none is, that is taken as it is.

    Args:
        signs: float64 `(questions, signs)`, of questions that nothing else was learned from.
        right: bool `(questions,)`: whether the best answer was the right one.
        max_wrong: Share of what is answered that may be wrong.
    """
    weights, bias = np.zeros(signs.shape[1]), 0.0
    weights[0] = 1.0
    if len(right) >= _ENOUGH and 0 < right.sum() < len(right):
        spread = signs.std(axis=0) + 1e-6
        regression = LogisticRegression(C=1.0, max_iter=1_000).fit(signs / spread, right)
        weights, bias = regression.coef_[0] / spread, float(regression.intercept_[0])
    learned = Confidence(weights=tuple(weights.tolist()), bias=bias, threshold=NEVER)
    threshold = least_sure(learned.probabilities(signs), right, max_wrong)
    return Confidence(weights=learned.weights, bias=bias, threshold=threshold)


def least_sure(sure: Floats, right: npt.NDArray[np.bool_], max_wrong: float) -> float:
    """Returns the lowest threshold at which few enough of the answered questions are wrong; `NEVER` where none is.

    One more wrong answer than there were is counted among one more question, so that a handful of right answers proves
    nothing (as in Angelopoulos et al., "Conformal risk control", ICLR 2024).

    Args:
        sure: float64 `(questions,)`.
        right: bool `(questions,)`.
        max_wrong: Share of what is answered that may be wrong.
    """
    order = np.argsort(-sure, kind="stable")
    wrong = np.cumsum(~right[order])
    answered = np.arange(1, len(order) + 1)
    # A threshold lies between two questions that differ.
    last = np.append(np.diff(sure[order]) != 0.0, True) if len(order) else np.zeros(0, np.bool_)
    allowed = np.flatnonzero(((wrong + 1) / (answered + 1) <= max_wrong) & last)
    return float(sure[order][allowed[-1]]) if len(allowed) else NEVER
