"""Real requests to a served classifier, and what must be true of the answers."""

import numpy as np
import tensorflow as tf

from components.checks.common import Check, ServedModel, run_checks, wrong_labels, wrong_shape
from serving.client import ServingError, Shelfwise
from serving.model_names import CLASSIFICATION_MODEL
from serving.pictures.decoder import NOT_A_PICTURE
from serving.signature_names import EVALUATE

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
    if model.card.get("reads_pictures"):
        checks |= {"evaluate": _check_evaluate_with_looks, "with_image": _check_with_image}
    return run_checks(checks, client, frozenset(model.card["labels"]))


def _check_default(client: Shelfwise, labels: Labels) -> list[str]:
    return [reason for text in _TEXTS for reason in wrong_labels(client.classify(text), labels, "label")]


def _check_evaluate(client: Shelfwise, labels: Labels) -> list[str]:
    """All texts in one request."""
    inputs = {"text": np.array([text.encode() for text in _TEXTS], object)}
    outputs = client.predict(CLASSIFICATION_MODEL, "evaluate", inputs)
    return wrong_shape(outputs["probabilities"], (len(_TEXTS), len(labels)))


def _check_evaluate_with_looks(client: Shelfwise, labels: Labels) -> list[str]:
    """All texts in one request, with a picture that is not there."""
    width = client.input_shapes(CLASSIFICATION_MODEL, EVALUATE)["looks"][1]
    inputs = {
        "text": np.array([text.encode() for text in _TEXTS], object),
        "looks": np.zeros((len(_TEXTS), width), np.float32),
    }
    outputs = client.predict(CLASSIFICATION_MODEL, EVALUATE, inputs)
    return wrong_shape(outputs["probabilities"], (len(_TEXTS), len(labels)))


def _check_with_image(client: Shelfwise, labels: Labels) -> list[str]:
    grey = tf.io.encode_png(np.full((24, 32, 3), 128, np.uint8)).numpy()
    reasons = [
        reason
        for picture in (grey, b"")
        for reason in wrong_labels(client.classify_with_image(_TEXTS[0], picture), labels, "label")
    ]
    try:
        client.classify_with_image(_TEXTS[0], b"no picture")
        reasons.append("what is no picture got an answer")
    except ServingError as error:
        if NOT_A_PICTURE not in str(error):
            reasons.append(f"what is no picture got another error: {error}")
    return reasons


def _check_explain(client: Shelfwise, labels: Labels) -> list[str]:
    del labels
    reasons = []
    for text in _TEXTS[:_EXPLAINED_TEXTS]:
        if not np.isfinite([token.attribution for token in client.explain_classification(text)]).all():
            reasons.append("an attribution is not finite")
    return reasons
