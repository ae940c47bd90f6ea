"""Real requests to a served classifier, and what must be true of the answers."""

import numpy as np

from components.checks.common import Check, ServedModel, run_checks, wrong_labels, wrong_shape
from serving.client import Shelfwise
from serving.model_names import CLASSIFICATION_MODEL

_TEXTS = ("It fits well and I like it.", "我很喜欢", "", " ", "\U0001f600", "\0\x01", "?!", "x" * 100_000)
# An explanation takes as long as some hundred answers, so few are asked for.
_EXPLAINED_TEXTS = 3

Labels = frozenset[str]


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[Labels]] = {
        "serving_default": _check_default,
        "evaluate": _check_evaluate,
        "explain": _check_explain,
    }
    return run_checks(checks, client, frozenset(model.card["labels"]))


def _check_default(client: Shelfwise, labels: Labels) -> list[str]:
    return [reason for text in _TEXTS for reason in wrong_labels(client.classify(text), labels, "label")]


def _check_evaluate(client: Shelfwise, labels: Labels) -> list[str]:
    """All texts in one request."""
    inputs = {"text": np.array([text.encode() for text in _TEXTS], object)}
    outputs = client.predict(CLASSIFICATION_MODEL, "evaluate", inputs)
    return wrong_shape(outputs["probabilities"], (len(_TEXTS), len(labels)))


def _check_explain(client: Shelfwise, labels: Labels) -> list[str]:
    del labels
    reasons = []
    for text in _TEXTS[:_EXPLAINED_TEXTS]:
        if not np.isfinite([token.attribution for token in client.explain_classification(text)]).all():
            reasons.append("an attribution is not finite")
    return reasons
