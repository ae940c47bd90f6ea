"""When an answer is sure enough to be given: a probability that it is right, and the least one that is answered."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from serving.support.scorer import FEATURES, NEAREST, TEXT
from serving.support.sureness import signs_of
from trainer.support.fusion import Candidates
from trainer.support.options import AnsweringOptions

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


def learn_when_sure(
    candidates: Candidates, scores: Floats, answering: AnsweringOptions
) -> tuple[Confidence, float | None]:
    """Learns when the best answers are right, also for a customer whose question no answer of the table answers.

    Each question is asked twice: as it is, and without its own answer, so that any other is wrong. The second ones
    together count as `answering.unanswerable` of all questions.

    Args:
        candidates: Of questions that nothing else was learned from; there may be none.
        scores: float64 `(questions, candidates)`, by weights that have not seen the question.
        answering: The shares of questions that may be answered wrongly, and that have no answer.

    Returns:
        The confidence, and the share that is answered of the questions without their own answers; None of none.
    """
    asked = len(candidates)
    without = scores.copy()
    without[np.arange(asked), candidates.place] = -np.inf
    text, nearest = (candidates.features[:, :, FEATURES.index(name)] for name in (TEXT, NEAREST))
    signs = np.concatenate(
        [
            signs_of(*(tf.constant(each, tf.float32) for each in (found, text, nearest))).numpy()
            for found in (scores, without)
        ]
    ).astype(np.float64)
    right = np.zeros(2 * asked, np.bool_)
    right[:asked] = scores.argmax(axis=1) == candidates.place
    share = answering.unanswerable
    counts = np.repeat([1.0, share / (1.0 - share)], asked)
    confidence = learn_confidence(signs, right, counts, answering.max_wrong)
    given = confidence.probabilities(signs[asked:]) >= confidence.threshold
    return confidence, float(given.mean()) if asked else None


def learn_confidence(signs: Floats, right: npt.NDArray[np.bool_], counts: Floats, max_wrong: float) -> Confidence:
    """Learns when the best answers are right.

    The first sign is the log odds of the best answer's probability: with few questions, or where all answers are right
    or none is, that is taken as it is.

    Args:
        signs: float64 `(questions, signs)`, of questions that nothing else was learned from.
        right: bool `(questions,)`: whether the best answer was the right one.
        counts: float64 `(questions,)`: as how many questions each counts.
        max_wrong: Share of what is answered that may be wrong.
    """
    weights, bias = np.zeros(signs.shape[1]), 0.0
    weights[0] = 1.0
    if counts.sum() >= _ENOUGH and 0 < right.sum() < len(right):
        spread = signs.std(axis=0) + 1e-6
        regression = LogisticRegression(C=1.0, max_iter=1_000).fit(signs / spread, right, sample_weight=counts)
        weights, bias = regression.coef_[0] / spread, float(regression.intercept_[0])
    learned = Confidence(weights=tuple(weights.tolist()), bias=bias, threshold=NEVER)
    threshold = least_sure(learned.probabilities(signs), right, counts, max_wrong)
    return Confidence(weights=learned.weights, bias=bias, threshold=threshold)


def least_sure(sure: Floats, right: npt.NDArray[np.bool_], counts: Floats, max_wrong: float) -> float:
    """Returns the lowest threshold at which few enough of the answered questions are wrong; `NEVER` where none is.

    One more wrong answer than there were is counted among one more question, so that a handful of right answers proves
    nothing (as in Angelopoulos et al., "Conformal risk control", ICLR 2024).

    Args:
        sure: float64 `(questions,)`.
        right: bool `(questions,)`.
        counts: float64 `(questions,)`: as how many questions each counts.
        max_wrong: Share of what is answered that may be wrong.
    """
    order = np.argsort(-sure, kind="stable")
    wrong = np.cumsum(np.where(right, 0.0, counts)[order])
    answered = np.cumsum(counts[order])
    # A threshold lies between two questions that differ.
    last = np.append(np.diff(sure[order]) != 0.0, True) if len(order) else np.zeros(0, np.bool_)
    allowed = np.flatnonzero(((wrong + 1) / (answered + 1) <= max_wrong) & last)
    return float(sure[order][allowed[-1]]) if len(allowed) else NEVER
