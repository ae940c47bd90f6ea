"""Real requests to a served recommendation model, and what must be true of the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import tensorflow as tf

from serving.client import Answer, Shelfwise
from serving.client.errors import ServingError

MODEL = "recommendation"
_K = 7


@dataclass(frozen=True, kw_only=True)
class KnownProducts:
    """What the checks know of the catalogue.

    Attributes:
        product_ids: All of them.
        sample: Some of them, to ask with.
        titles: Titles of the sample.
        bought_event_type: The event type that stands for a purchase; empty for a model without events.
        default_k: Products that `serving_default` answers.
        together: Some products that a rule leads from; None for a model without rules.
    """

    product_ids: frozenset[str]
    sample: Sequence[str]
    titles: Sequence[str]
    bought_event_type: str
    default_k: int
    together: Sequence[str] | None = None


Known = TypeVar("Known")
Check = Callable[[Shelfwise, Known], list[str]]


def failed_checks(client: Shelfwise, products: KnownProducts) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[KnownProducts]] = {
        "serving_default": _check_default,
        "filtered": _check_filtered,
        "examples": _check_examples,
        "similar_products": _check_similar,
        "embed": _check_embed,
    }
    if products.together is not None:
        checks["bought_together"] = _check_together
    return run_checks(checks, client, products)


def run_checks(checks: Mapping[str, Check[Known]], client: Shelfwise, known: Known) -> list[str]:
    """Runs the check of each signature and returns what is wrong, a line each."""
    reasons = []
    for signature, check in checks.items():
        try:
            found = check(client, known)
        except (ServingError, ValueError, KeyError) as error:
            found = [f"{type(error).__name__}: {error}"]
        reasons += [f"{signature}: {reason}" for reason in found]
    return reasons


def _check_default(client: Shelfwise, products: KnownProducts) -> list[str]:
    """One user with a known history, one without any, in one request."""
    shapes = client.input_shapes(MODEL, "serving_default")
    width = shapes["history_ids"][1]
    ids = np.full((2, width), b"", object)
    sample = [product_id.encode("utf-8", "surrogateescape") for product_id in products.sample[:width]]
    ids[0, : len(sample)] = sample
    inputs = {
        "history_ids": ids,
        "history_types": np.full((2, width), b"", object),
        "history_age_seconds": np.zeros((2, width), np.float32),
    }
    return _wrong_batch(client.predict(MODEL, "serving_default", inputs), 2, products)


def _check_examples(client: Shelfwise, products: KnownProducts) -> list[str]:
    example = tf.train.Example()
    ids = [product_id.encode("utf-8", "surrogateescape") for product_id in products.sample]
    example.features.feature["history_ids"].bytes_list.value.extend(ids)
    serialized = np.array([example.SerializeToString(), tf.train.Example().SerializeToString()], object)
    return _wrong_batch(client.predict(MODEL, "examples", {"examples": serialized}), 2, products)


def _check_filtered(client: Shelfwise, products: KnownProducts) -> list[str]:
    expected = min(_K, len(products.product_ids))
    types = [products.bought_event_type] * len(products.sample)
    plain = client.recommend(products.sample, types, k=_K)
    reasons = wrong_answers(plain, products) + wrong_count(plain, expected)
    excluded = [answer.product_id for answer in plain[:3]]
    others = client.recommend(products.sample, types, k=_K, exclude_ids=excluded)
    reasons += wrong_answers(others, products)
    if set(excluded) & {answer.product_id for answer in others}:
        reasons.append("an excluded product was answered")
    novel = client.recommend(products.sample, types, k=_K, include_bought=False)
    reasons += wrong_answers(novel, products)
    if set(products.sample) & {answer.product_id for answer in novel}:
        reasons.append("a bought product was answered though `include_bought` was false")
    popular = client.recommend(k=_K)
    reasons += wrong_answers(popular, products) + wrong_count(popular, expected)
    if client.recommend(products.sample, k=0):
        reasons.append("k of 0 got products")
    return reasons


def _check_similar(client: Shelfwise, products: KnownProducts) -> list[str]:
    reasons = []
    for product_id in products.sample:
        answers = client.similar(product_id, _K)
        reasons += wrong_answers(answers, products) + wrong_count(answers, min(_K, len(products.product_ids) - 1))
        if product_id in {answer.product_id for answer in answers}:
            reasons.append("a product was answered as similar to itself")
    if client.similar("", _K):
        reasons.append("an unknown product got similar ones")
    return reasons


def _check_together(client: Shelfwise, products: KnownProducts) -> list[str]:
    reasons = []
    for product_id in products.together or ():
        answers = client.bought_together([product_id], _K)
        ids = [answer.product_id for answer in answers]
        if not ids:
            reasons.append("a product that a rule leads from got nothing")
        if len(set(ids)) != len(ids) or product_id in ids:
            reasons.append("a product was answered twice, or with itself")
        if not products.product_ids.issuperset(ids):
            reasons.append("a product was answered that the catalogue lacks")
        if not all(0 < answer.confidence <= 1 and answer.lift > 0 for answer in answers):
            reasons.append("a confidence or a lift cannot be right")
    for nothing in ([], ["", "no such product, anywhere"]):
        if client.bought_together(nothing, _K):
            reasons.append("unknown products got something")
    return reasons


def _check_embed(client: Shelfwise, products: KnownProducts) -> list[str]:
    vector = client.embed(products.sample)
    return [] if vector.ndim == 1 and len(vector) and np.isfinite(vector).all() else ["the vector is not finite"]


def _wrong_batch(outputs: dict[str, np.ndarray], rows: int, products: KnownProducts) -> list[str]:
    expected = (rows, min(products.default_k, len(products.product_ids)))
    shapes = {name: outputs[name].shape for name in ("product_ids", "scores", "titles")}
    if set(shapes.values()) != {expected}:
        return [f"expected {expected} of each output, got {shapes}"]
    reasons = []
    for ids, scores, titles in zip(outputs["product_ids"], outputs["scores"], outputs["titles"], strict=True):
        row = [
            Answer(product_id.decode("utf-8", "surrogateescape"), float(score), title.decode("utf-8", "replace"))
            for product_id, score, title in zip(ids, scores, titles, strict=True)
        ]
        reasons += wrong_answers(row, products)
    return reasons


def wrong_answers(answers: Sequence[Answer], products: KnownProducts) -> list[str]:
    """Returns what cannot be right in the answers to one request, whatever was asked."""
    ids = [answer.product_id for answer in answers]
    scores = np.array([answer.score for answer in answers])
    reasons = []
    if len(set(ids)) != len(ids):
        reasons.append("a product was answered twice")
    if not products.product_ids.issuperset(ids):
        reasons.append("a product was answered that the catalogue lacks")
    if not np.isfinite(scores).all():
        reasons.append("a score is not finite")
    elif (np.diff(scores) > 0).any():
        reasons.append("scores are not in descending order")
    return reasons


def wrong_count(answers: Sequence[Answer], expected: int) -> list[str]:
    """Returns a reason where there are not as many answers as expected."""
    return [] if len(answers) == expected else [f"expected {expected} products, got {len(answers)}"]
