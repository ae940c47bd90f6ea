"""Real requests to a served classifier, and what must be true of the answers."""

from dataclasses import dataclass

import numpy as np

from components.checks.recommendation import Check, run_checks
from serving.client import Shelfwise
from serving.model_names import CLASSIFICATION_MODEL

_TEXTS = ("It fits well and I like it.", "我很喜欢", "", " ", "\U0001f600", "\0\x01", "?!", "x" * 100_000)
# An explanation takes as long as some hundred answers, so few are asked for.
_EXPLAINED_TEXTS = 3
# Probabilities are float32.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class KnownLabels:
    """What the checks know of the model: its label vocabulary."""

    labels: frozenset[str]


def failed_classification_checks(client: Shelfwise, known: KnownLabels) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[KnownLabels]] = {
        "serving_default": _check_default,
        "evaluate": _check_evaluate,
        "explain": _check_explain,
    }
    return run_checks(checks, client, known)


def _check_default(client: Shelfwise, known: KnownLabels) -> list[str]:
    reasons = []
    for text in _TEXTS:
        answers = client.classify(text)
        probabilities = np.array([answer.probability for answer in answers])
        if {answer.label for answer in answers} != known.labels or len(answers) != len(known.labels):
            reasons.append("the answer does not hold every label once")
        if not np.isfinite(probabilities).all() or abs(probabilities.sum() - 1.0) > _TOLERANCE:
            reasons.append("probabilities do not sum up to 1")
        elif (np.diff(probabilities) > 0).any():
            reasons.append("probabilities are not in descending order")
    return reasons


def _check_evaluate(client: Shelfwise, known: KnownLabels) -> list[str]:
    """All texts in one request."""
    inputs = {"text": np.array([text.encode() for text in _TEXTS], object)}
    probabilities = client.predict(CLASSIFICATION_MODEL, "evaluate", inputs)["probabilities"]
    expected = (len(_TEXTS), len(known.labels))
    return [] if probabilities.shape == expected else [f"expected shape {expected}, got {probabilities.shape}"]


def _check_explain(client: Shelfwise, known: KnownLabels) -> list[str]:
    del known
    reasons = []
    for text in _TEXTS[:_EXPLAINED_TEXTS]:
        if not np.isfinite([token.attribution for token in client.explain_classification(text)]).all():
            reasons.append("an attribution is not finite")
    return reasons
