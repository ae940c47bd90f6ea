"""Real requests to a served segmentation, and what must be true of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.checks.common import (
    Check,
    ServedModel,
    history_examples,
    padded_histories,
    run_checks,
    wrong_labels,
    wrong_shape,
)
from serving.client import Shelfwise
from serving.model_names import SEGMENTATION_MODEL

_UNKNOWN = "no such product, anywhere"


@dataclass(frozen=True)
class _KnownSegments:
    """What the checks know of the model: its segments, and some products."""

    segments: frozenset[str]
    products: Sequence[str]


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[_KnownSegments]] = {
        "serving_default": _check_default,
        "evaluate": _check_evaluate,
        "examples": _check_examples,
        "explain": _check_explain,
        "embed": _check_embed,
    }
    return run_checks(checks, client, _KnownSegments(frozenset(model.card["labels"]), tuple(model.card["products"])))


def _check_default(client: Shelfwise, known: _KnownSegments) -> list[str]:
    """A known history, none at all, unknown products, and ages that cannot be."""
    reasons = []
    ages = [float("nan"), -1.0, 1e12, 0.0, 60.0][: len(known.products)]
    for ids, age_seconds in ((known.products, None), ((), None), ([_UNKNOWN], None), (known.products, ages)):
        answer = client.segment(ids, history_age_seconds=age_seconds)
        reasons += wrong_labels(answer.segments, known.segments, "segment")
        if not answer.behaviour:
            reasons.append("the behaviour has no words")
    return reasons


def _check_evaluate(client: Shelfwise, known: _KnownSegments) -> list[str]:
    inputs = padded_histories(client, SEGMENTATION_MODEL, "evaluate")
    outputs = client.predict(SEGMENTATION_MODEL, "evaluate", inputs)
    return wrong_shape(outputs["probabilities"], (2, len(known.segments)))


def _check_examples(client: Shelfwise, known: _KnownSegments) -> list[str]:
    outputs = client.predict(SEGMENTATION_MODEL, "examples", {"examples": history_examples(known.products)})
    return wrong_shape(outputs["segments"], (2, len(known.segments)))


def _check_explain(client: Shelfwise, known: _KnownSegments) -> list[str]:
    found = client.explain_segment(known.products)
    return [] if np.isfinite([each.attribution for each in found]).all() else ["an attribution is not finite"]


def _check_embed(client: Shelfwise, known: _KnownSegments) -> list[str]:
    del known
    inputs = padded_histories(client, SEGMENTATION_MODEL, "embed")
    vectors = client.predict(SEGMENTATION_MODEL, "embed", inputs)["embeddings"]
    return [] if len(vectors) == 2 and np.isfinite(vectors).all() else ["the vectors are not finite"]
