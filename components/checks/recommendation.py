"""Real requests to a served recommendation model, and what must be true of the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.checks.common import (
    Check,
    KnownProducts,
    ServedModel,
    history_examples,
    padded_histories,
    run_checks,
    wrong_answers,
    wrong_count,
)
from serving.client import Answer, Shelfwise, TogetherAnswer
from serving.model_names import RECOMMENDATION_MODEL
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.recommendation.never_recommended import recommendable_products
from trainer.recommendation.options import LeaveOutOptions
from trainer.things import things_of

_K = 7
_EXPLAINED = 3
# How far the reasons may be from the score.
_OFF = 1e-3
# Of `serving.recommendation.sources.SOURCES`: those that follow no rule.
_NO_RULE = ("towers", "merchant")


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the checks know of the model.

    Attributes:
        products: Its catalogue.
        bought_event_type: The event type that stands for a purchase.
        leading: Some products that a rule leads from; None for a model without rules.
        things: The thing that each product is, by its id.
        recommendable: The products that may be answered.
    """

    products: KnownProducts
    bought_event_type: str
    leading: Sequence[str] | None
    things: Mapping[str, int]
    recommendable: frozenset[str]

    def count(self, k: int, *asked: str) -> int:
        """Returns how many things an answer should have that is asked for `k`, without those of some products."""
        left_out = {self.things.get(product) for product in asked}
        things = {self.things[product] for product in self.recommendable} - left_out
        return min(k, len(things))

    def wrong(self, answers: Sequence[Answer] | Sequence[TogetherAnswer]) -> list[str]:
        """Returns whether something was answered that no answer may hold, or a thing twice."""
        ids = [answer.product_id for answer in answers if answer.product_id in self.things]
        reasons = []
        if not self.recommendable.issuperset(ids):
            reasons.append("a product was answered that is never recommended")
        if len({self.things[product] for product in ids}) != len(ids):
            reasons.append("two products were answered that are one thing")
        return reasons


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    catalogue = load_catalogue(model.catalogue_uri)
    ids = catalogue["product_id"].to_pylist()
    left_out = model.card["leave_out"]
    options = LeaveOutOptions(category=tuple(left_out["category"]), product_id=tuple(left_out["product_id"]))
    known = _Known(
        products=KnownProducts.of(model),
        things=dict(zip(ids, things_of(catalogue, model.card["serving"]["collapse"]).tolist(), strict=True)),
        recommendable=frozenset(np.array(ids, object)[recommendable_products(catalogue, options)]),
        bought_event_type=load_catalogue_facts(model.catalogue_uri)["bought_event_type"],
        leading=model.card["rules"]["examples"] if "rules" in model.card else None,
    )
    checks: dict[str, Check[_Known]] = {
        "serving_default": _check_default,
        "filtered": _check_filtered,
        "examples": _check_examples,
        "similar_products": _check_similar,
        "embed": _check_embed,
        "explain": _check_explain,
    }
    if known.leading is not None:
        checks["bought_together"] = _check_together
        checks["complements"] = _check_complements
    return run_checks(checks, client, known)


def _check_default(client: Shelfwise, known: _Known) -> list[str]:
    """One user with a known history, one without any, in one request."""
    inputs = padded_histories(client, RECOMMENDATION_MODEL, "serving_default", known.products.sample)
    return _wrong_batch(client.predict(RECOMMENDATION_MODEL, "serving_default", inputs), 2, known)


def _check_examples(client: Shelfwise, known: _Known) -> list[str]:
    inputs = {"examples": history_examples(known.products.sample)}
    return _wrong_batch(client.predict(RECOMMENDATION_MODEL, "examples", inputs), 2, known)


def _check_filtered(client: Shelfwise, known: _Known) -> list[str]:
    products = known.products
    expected = known.count(_K)
    types = [known.bought_event_type] * len(products.sample)
    plain = client.recommend(products.sample, types, k=_K)
    reasons = wrong_answers(plain, products) + wrong_count(plain, expected) + known.wrong(plain)
    excluded = [answer.product_id for answer in plain[:3]]
    others = client.recommend(products.sample, types, k=_K, exclude_ids=excluded)
    reasons += wrong_answers(others, products)
    if set(excluded) & {answer.product_id for answer in others}:
        reasons.append("an excluded product was answered")
    novel = client.recommend(products.sample, types, k=_K, include_bought=False)
    reasons += wrong_answers(novel, products) + known.wrong(novel)
    if set(products.sample) & {answer.product_id for answer in novel}:
        reasons.append("a bought product was answered though `include_bought` was false")
    popular = client.recommend(k=_K)
    reasons += wrong_answers(popular, products) + wrong_count(popular, expected) + known.wrong(popular)
    if client.recommend(products.sample, k=0):
        reasons.append("k of 0 got products")
    return reasons


def _check_similar(client: Shelfwise, known: _Known) -> list[str]:
    products = known.products
    reasons = []
    for product_id in products.sample:
        answers = client.similar(product_id, _K)
        reasons += wrong_answers(answers, products) + wrong_count(answers, known.count(_K, product_id))
        reasons += known.wrong(answers)
        if product_id in {answer.product_id for answer in answers}:
            reasons.append("a product was answered as similar to itself")
    if client.similar("", _K):
        reasons.append("an unknown product got similar ones")
    return reasons


def _check_together(client: Shelfwise, known: _Known) -> list[str]:
    reasons = []
    for product_id in (*known.products.sample, *(known.leading or ())):
        answers = client.bought_together([product_id], _K)
        if len(answers) != known.count(_K, product_id):
            reasons.append(f"expected {known.count(_K, product_id)} products, got {len(answers)}")
        reasons += _wrong_together(answers, product_id, known)
    for nothing in ([], ["", "no such product, anywhere"]):
        if client.bought_together(nothing, _K):
            reasons.append("unknown products got something")
    return reasons


def _check_complements(client: Shelfwise, known: _Known) -> list[str]:
    reasons = []
    for product_id in known.products.sample:
        reasons += _wrong_together(client.complements(product_id, _K), product_id, known)
    if client.complements("", _K):
        reasons.append("an unknown product got complements")
    return reasons


def _wrong_together(answers: Sequence[TogetherAnswer], product_id: str, known: _Known) -> list[str]:
    ids = [answer.product_id for answer in answers]
    reasons = known.wrong(answers)
    if len(set(ids)) != len(ids) or product_id in ids:
        reasons.append("a product was answered twice, or with itself")
    if not known.products.product_ids.issuperset(ids):
        reasons.append("a product was answered that the catalogue lacks")
    if not all(0 < answer.confidence <= 1 and answer.lift > 0 for answer in answers if answer.source not in _NO_RULE):
        reasons.append("a confidence or a lift cannot be right")
    return reasons


def _check_embed(client: Shelfwise, known: _Known) -> list[str]:
    vector = client.embed(known.products.sample)
    return [] if vector.ndim == 1 and len(vector) and np.isfinite(vector).all() else ["the vector is not finite"]


def _check_explain(client: Shelfwise, known: _Known) -> list[str]:
    """What is recommended has reasons that add up to its score."""
    sample = known.products.sample
    reasons = []
    for answer in client.recommend(sample, k=_EXPLAINED):
        why = client.explain_recommendation(answer.product_id, sample)
        total = sum(reason.attribution for reason in why)
        if not why or not abs(total - answer.score) < _OFF:
            reasons.append(f"the reasons for a product add up to {total:.4f}, but its score is {answer.score:.4f}")
    if client.explain_recommendation("", sample):
        reasons.append("an unknown product got reasons")
    return reasons


def _wrong_batch(outputs: dict[str, np.ndarray], rows: int, known: _Known) -> list[str]:
    expected = (rows, min(known.products.default_k, len({*known.things.values()})))
    shapes = {name: outputs[name].shape for name in ("product_ids", "scores", "titles")}
    if set(shapes.values()) != {expected}:
        return [f"expected {expected} of each output, got {shapes}"]
    reasons = []
    for ids, scores, titles in zip(outputs["product_ids"], outputs["scores"], outputs["titles"], strict=True):
        row = [
            Answer(product_id.decode("utf-8", "surrogateescape"), float(score), title.decode("utf-8", "replace"))
            for product_id, score, title in zip(ids, scores, titles, strict=True)
        ]
        # Where fewer things may be recommended than there are columns, the rest is empty.
        row = [answer for answer in row if answer.product_id]
        reasons += wrong_answers(row, known.products) + wrong_count(row, known.count(expected[1])) + known.wrong(row)
    return reasons
