"""How much each sign counts that an answer fits: weights learned on questions that nothing else was learned from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

from serving.support.scorer import (
    COMMON,
    FEATURES,
    INTENT,
    LEXICAL,
    MEAN,
    NAME,
    NEAREST,
    OF_QUESTIONS,
    PIECES,
    QUESTION_WORDS,
    TEXT,
    WORDS,
)

# What counts where a shop's own questions do not say otherwise.
PRIOR: Mapping[str, float] = {
    TEXT: 12.0,
    PIECES: 7.0,
    NAME: 12.0,
    COMMON: 5.0,
    NEAREST: 10.0,
    MEAN: 5.0,
    WORDS: 1.0,
    QUESTION_WORDS: 1.0,
    INTENT: 8.0,
}
# How strongly weights are held near the prior: as so many questions would that say nothing else.
_PRIOR_QUESTIONS = 20.0
_FOLDS = 5
# Fewer questions than these do not say that known questions mislead where their own answers have none, unless most do.
_ENOUGH, _MOST = 200, 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Answers that may be those of some questions, each with its features.

    Attributes:
        features: float64 `(questions, candidates, features)`.
        allowed: bool `(questions, candidates)`; False for padding.
        place: int64 `(questions,)`: where the right answer stands.
    """

    features: Floats
    allowed: npt.NDArray[np.bool_]
    place: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.place)

    def take(self, rows: npt.NDArray[np.bool_]) -> "Candidates":
        """Returns those of some questions."""
        return Candidates(features=self.features[rows], allowed=self.allowed[rows], place=self.place[rows])

    def scores(self, weights: Floats) -> Floats:
        """Returns float64 `(questions, candidates)`, -inf for padding."""
        return np.where(self.allowed, self.features @ weights, -np.inf)

    def reciprocal_ranks(self, scores: Floats) -> Floats:
        """Returns 1 / rank of each right answer, behind those that score as high."""
        own = np.take_along_axis(scores, self.place[:, np.newaxis], axis=1)
        return 1.0 / (scores >= own).sum(axis=1)


@dataclass(frozen=True, kw_only=True)
class LearnedWeights:
    """Weights, and how well they do.

    Attributes:
        weights: Of each feature.
        held_out: float64 `(questions, candidates)`: scores of each question by weights that have not seen it.
        mrr: Mean reciprocal rank by these, with words and without; NaN without questions.
    """

    weights: dict[str, float]
    held_out: Floats
    mrr: dict[str, float]


def learn_weights(candidates: Candidates, seed: int) -> LearnedWeights:
    """Learns the weights with which a softmax over the candidates gives the right answers the highest probability.

    That is conditional logistic regression (McFadden, "Conditional logit analysis of qualitative choice behavior",
    1974), held near `PRIOR`, with no weight below 0. It is done with the scores by words and
    without; these are left out where right answers then stand higher, by weights that have not seen the question.

    Args:
        candidates: Of questions that nothing else was learned from; there may be none.
        seed: Of the folds.
    """
    found = {}
    for name, left_out in (("with_words", ()), ("without_words", LEXICAL)):
        held_out = np.zeros(candidates.allowed.shape)
        folds = np.random.default_rng(seed).permutation(len(candidates)) % _FOLDS
        for fold in range(_FOLDS):
            out = folds == fold
            if out.any():
                held_out[out] = candidates.take(out).scores(_fit(candidates.take(~out), left_out))
        found[name] = held_out
    mrr = {
        name: float(candidates.reciprocal_ranks(each).mean()) if len(candidates) else float("nan")
        for name, each in found.items()
    }
    better = "without_words" if mrr["without_words"] > mrr["with_words"] else "with_words"
    weights = _fit(candidates, LEXICAL if better == "without_words" else ())
    named = {name: float(weight) for name, weight in zip(FEATURES, weights, strict=True)}
    return LearnedWeights(weights=named, held_out=found[better], mrr=mrr)


def without_known_questions(candidates: Candidates, alone: npt.NDArray[np.bool_]) -> Candidates:
    """Hides known questions from questions whose own answer has none, where there are too few of them to say anything.

    An answer with a single question has none when that question is held out, while all others have theirs: of a hundred
    answers that tells nothing of what helps a question which is new. Where most answers are like that, there is nothing
    else to learn from, and known questions of the wrong answers would count as much as the prior says.

    Args:
        candidates: Of the questions.
        alone: bool `(questions,)`: whether the right answer has no known question.
    """
    if len(candidates) >= _ENOUGH or alone.sum() > _MOST * len(alone):
        return candidates
    features = candidates.features.copy()
    hidden = [FEATURES.index(name) for name in OF_QUESTIONS]
    for column in hidden:
        features[alone, :, column] = 0.0
    return Candidates(features=features, allowed=candidates.allowed, place=candidates.place)


def _fit(candidates: Candidates, left_out: tuple[str, ...]) -> Floats:
    prior = np.array([0.0 if name in left_out else PRIOR[name] for name in FEATURES])
    if not len(candidates):
        return prior
    scale = np.abs(prior) + 1.0
    own = np.take_along_axis(candidates.features, candidates.place[:, np.newaxis, np.newaxis], axis=1)[:, 0]
    strength = _PRIOR_QUESTIONS / len(candidates)

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = candidates.scores(weights)
        total = logsumexp(scores, axis=1)
        shares = np.exp(scores - total[:, np.newaxis])
        away = (weights - prior) / scale
        gradient = (np.einsum("qc,qcf->qf", shares, candidates.features) - own).mean(axis=0)
        value = float((total - own @ weights).mean() + 0.5 * strength * away @ away)
        return value, gradient + strength * away / scale

    free = [(0.0, 0.0 if name in left_out else None) for name in FEATURES]
    found: Floats = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=free).x
    return found
