"""Real requests to a served response model, and what must be true of the answers."""

from dataclasses import dataclass, replace

import numpy as np

from components.checks.common import Check, ServedModel, run_checks
from serving.client import Person, Shelfwise

_UNKNOWN = "no such offer, anywhere"
_TOLERANCE = 1e-4
_ASKED = 5


@dataclass(frozen=True)
class _KnownOffers:
    """What the checks know of the model: some offers, users to ask about, and how many offers it answers."""

    offers: tuple[str, ...]
    persons: tuple[Person, ...]
    k: int


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    card = model.card
    nobody = Person(
        texts=dict.fromkeys(card["request_texts"], ""), numbers=dict.fromkeys(card["request_numbers"], float("nan"))
    )
    offers, products = tuple(card["offers"]), tuple(card["products"])
    somebody = replace(nobody, history_ids=products, shown_ids=offers[:2], now_seconds=1_500_000_000)
    odd = replace(
        nobody,
        history_ids=(*products, _UNKNOWN),
        history_age_seconds=[*(float("nan") for _ in products), -1.0],
        shown_ids=(_UNKNOWN, offers[0]),
        shown_outcomes=("no such outcome", card["outcomes"][0]),
        shown_age_seconds=[1e12, float("inf")],
    )
    checks: dict[str, Check[_KnownOffers]] = {
        "serving_default": _check_default,
        "rank_offers": _check_ranking,
        "explain": _check_explain,
    }
    if card["treatments"]:
        checks["uplift"] = _check_uplift
    return run_checks(
        checks, client, _KnownOffers(offers, (nobody, somebody, odd), min(_ASKED, card["limits"]["max_k"]))
    )


def _check_default(client: Shelfwise, known: _KnownOffers) -> list[str]:
    reasons = []
    for person in known.persons:
        found = np.array(client.respond(person, [*known.offers[:3], _UNKNOWN]))
        if not np.isfinite(found).all() or (found <= 0.0).any() or (found >= 1.0).any():
            reasons.append(f"a probability does not lie between 0 and 1: {found.tolist()}")
    return reasons


def _check_uplift(client: Shelfwise, known: _KnownOffers) -> list[str]:
    reasons = []
    for person in known.persons:
        asked = [*known.offers[:3], _UNKNOWN]
        found = client.offer_uplift(person, asked)
        if not all(-1.0 <= each.uplift <= 1.0 and each.treatment for each in found):
            reasons.append(f"an uplift does not lie between -1 and 1, or has no treatment: {found}")
        if [each.probability for each in found] != client.respond(person, asked):
            reasons.append("an offer has another probability where its uplift is asked for")
    return reasons


def _check_ranking(client: Shelfwise, known: _KnownOffers) -> list[str]:
    reasons = []
    for person in known.persons:
        ranked = client.rank_offers(replace(person, now_seconds=0), k=known.k)
        ids, probabilities = [each.offer_id for each in ranked], [each.probability for each in ranked]
        if len(set(ids)) != len(ids):
            reasons.append("an offer was answered twice")
        if len(ids) != min(known.k, len(known.offers)):
            reasons.append(f"expected {min(known.k, len(known.offers))} offers, got {len(ids)}")
        if (np.diff(probabilities) > 0).any():
            reasons.append("probabilities are not in descending order")
        alone = client.respond(replace(person, now_seconds=0), ids)
        if not np.allclose(alone, probabilities, atol=_TOLERANCE):
            reasons.append("offers have another probability where they are ranked than where they are asked for")
    person = known.persons[1]
    capped = client.rank_offers(replace(person, now_seconds=0), k=known.k, max_shown=1)
    if {each.offer_id for each in capped} & set(person.shown_ids):
        reasons.append("an offer was answered that had been shown as often as `max_shown` says")
    return reasons


def _check_explain(client: Shelfwise, known: _KnownOffers) -> list[str]:
    found = client.explain_offer(known.persons[1], known.offers[0])
    return [] if np.isfinite([each.attribution for each in found]).all() else ["an attribution is not finite"]
