"""Real requests to a served segmentation, and what must be true of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.checks.recommendation import Check, run_checks
from serving.client import Shelfwise
from serving.model_names import SEGMENTATION_MODEL

# Probabilities are float32.
_TOLERANCE = 1e-3
_UNKNOWN = "no such product, anywhere"


@dataclass(frozen=True)
class KnownSegments:
    """What the checks know of the model: its segments, and some products."""

    segments: frozenset[str]
    products: Sequence[str]


def failed_segmentation_checks(client: Shelfwise, known: KnownSegments) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[KnownSegments]] = {
        "serving_default": _check_default,
        "evaluate": _check_evaluate,
        "examples": _check_examples,
        "explain": _check_explain,
        "embed": _check_embed,
    }
    return run_checks(checks, client, known)


def _check_default(client: Shelfwise, known: KnownSegments) -> list[str]:
    """A known history, none at all, unknown products, and ages that cannot be."""
    reasons = []
    ages = [float("nan"), -1.0, 1e12, 0.0, 60.0][: len(known.products)]
    for ids, age_seconds in ((known.products, None), ((), None), ([_UNKNOWN], None), (known.products, ages)):
        answer = client.segment(ids, history_age_seconds=age_seconds)
        probabilities = np.array([each.probability for each in answer.segments])
        if {each.label for each in answer.segments} != known.segments or len(answer.segments) != len(known.segments):
            reasons.append("the answer does not hold every segment once")
        if not np.isfinite(probabilities).all() or abs(probabilities.sum() - 1.0) > _TOLERANCE:
            reasons.append("probabilities do not sum up to 1")
        elif (np.diff(probabilities) > 0).any():
            reasons.append("probabilities are not in descending order")
        if not answer.behaviour:
            reasons.append("the behaviour has no words")
    return reasons


def _check_evaluate(client: Shelfwise, known: KnownSegments) -> list[str]:
    outputs = client.predict(SEGMENTATION_MODEL, "evaluate", _empty_histories(client, "evaluate"))
    return _wrong_shape(outputs["probabilities"], (2, len(known.segments)))


def _check_examples(client: Shelfwise, known: KnownSegments) -> list[str]:
    example = tf.train.Example()
    ids = [product.encode("utf-8", "surrogateescape") for product in known.products]
    example.features.feature["history_ids"].bytes_list.value.extend(ids)
    serialized = np.array([example.SerializeToString(), tf.train.Example().SerializeToString()], object)
    outputs = client.predict(SEGMENTATION_MODEL, "examples", {"examples": serialized})
    return _wrong_shape(outputs["segments"], (2, len(known.segments)))


def _check_explain(client: Shelfwise, known: KnownSegments) -> list[str]:
    found = client.explain_segment(known.products)
    return [] if np.isfinite([each.attribution for each in found]).all() else ["an attribution is not finite"]


def _check_embed(client: Shelfwise, known: KnownSegments) -> list[str]:
    del known
    vectors = client.predict(SEGMENTATION_MODEL, "embed", _empty_histories(client, "embed"))["embeddings"]
    return [] if len(vectors) == 2 and np.isfinite(vectors).all() else ["the vectors are not finite"]


def _empty_histories(client: Shelfwise, signature: str) -> dict[str, np.ndarray]:
    width = client.input_shapes(SEGMENTATION_MODEL, signature)["history_ids"][1]
    empty = np.full((2, width), b"", object)
    return {"history_ids": empty, "history_types": empty, "history_age_seconds": np.zeros((2, width), np.float32)}


def _wrong_shape(values: np.ndarray, expected: tuple[int, ...]) -> list[str]:
    return [] if values.shape == expected else [f"expected shape {expected}, got {values.shape}"]
