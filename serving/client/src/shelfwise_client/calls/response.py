"""What the client asks the response model: who answers which offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shelfwise_client.call import (
    FLOAT_ROWS,
    TEXT_ROWS,
    Call,
    Outputs,
    Row,
    id_of,
    number_wanted,
    text_of,
    texts,
    without_padding,
)
from shelfwise_client.calls.history import history_inputs
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import RESPONSE_MODEL
from shelfwise_client.signature_names import EXPLAIN, RANK_OFFERS, SERVING_DEFAULT, SHOWN_INPUTS

Inputs = dict[str, np.ndarray | Row]


@dataclass(frozen=True)
class OfferAnswer:
    """An offer, what it says, and how likely the user responds to it."""

    offer_id: str
    text: str
    probability: float


@dataclass(frozen=True)
class OfferUplift:
    """How likely a user responds to an offer, what showing it adds to that, and the treatment that adds most."""

    probability: float
    uplift: float
    treatment: str


@dataclass(frozen=True)
class ExplainedFeature:
    """How much less likely the response were if a feature of the impression were not known."""

    name: str
    attribution: float


@dataclass(frozen=True)
class Person:
    """What is known of a user when something may be shown.

    Attributes:
        history_ids: Products of the user's events, the newest last; of a longer history than the model takes, the
            latest events are sent.
        history_types: Event type of each; None leaves them unknown, which counts as bought.
        history_age_seconds: How long ago each was; None leaves them unknown, which counts as just now.
        shown_ids: What was shown to the user before, the newest last.
        shown_outcomes: The outcome that came of each and was the furthest, "" for none; None for none at all.
        shown_age_seconds: How long ago each was shown; None leaves them unknown.
        now_seconds: Unix seconds; 0 leaves the time unknown: offers then have neither begun nor ended.
        texts: Features that the model is told as texts, such as placement; each that it takes has to be there, ""
            where it is unknown.
        numbers: Features that it is told as numbers; NaN where one is unknown.
    """

    history_ids: Sequence[str] = ()
    history_types: Sequence[str] | None = None
    history_age_seconds: Sequence[float] | None = None
    shown_ids: Sequence[str] = ()
    shown_outcomes: Sequence[str] | None = None
    shown_age_seconds: Sequence[float] | None = None
    now_seconds: int = 0
    texts: Mapping[str, str] | None = None
    numbers: Mapping[str, float] | None = None


def respond(person: Person, offer_ids: Sequence[str]) -> Call[list[float]]:
    """Says how likely a user responds to offers.

    Args:
        person: The user.
        offer_ids: Offers, or products where the shop has none; at most what the model takes in a row.

    Returns:
        A probability each.

    Raises:
        ValueError: Lists differ in length, or there are too many offers.
        ServingError: The server did not answer.
    """
    inputs: Inputs = {**person_inputs(person), "offer_ids": Row(texts(offer_ids))}
    count = len(offer_ids)

    def read(outputs: Outputs) -> list[float]:
        return [float(value) for value in outputs["probabilities"][0][:count]]

    return Call(RESPONSE_MODEL, SERVING_DEFAULT, inputs, read, {"probabilities": FLOAT_ROWS})


def offer_uplift(person: Person, offer_ids: Sequence[str]) -> Call[list[OfferUplift]]:
    """Says what showing offers to a user adds, by a model that has learned from treatments.

    Args:
        person: The user.
        offer_ids: Offers, or products where the shop has none; at most what the model takes in a row.

    Returns:
        An answer each.

    Raises:
        ValueError: Lists differ in length, or there are too many offers.
        ServingError: The server did not answer, or its model has not learned from treatments.
    """
    inputs: Inputs = {**person_inputs(person), "offer_ids": Row(texts(offer_ids))}
    count = len(offer_ids)

    def read(outputs: Outputs) -> list[OfferUplift]:
        columns = (outputs[name][0][:count] for name in ("probabilities", "uplift", "treatments"))
        return [
            OfferUplift(float(probability), float(uplift), text_of(treatment))
            for probability, uplift, treatment in zip(*columns, strict=True)
        ]

    wanted = {"probabilities": FLOAT_ROWS, "uplift": FLOAT_ROWS, "treatments": TEXT_ROWS}
    return Call(RESPONSE_MODEL, SERVING_DEFAULT, inputs, read, wanted)


def rank_offers(person: Person, *, k: int = 10, max_shown: int = 0) -> Call[list[OfferAnswer]]:
    """Finds the current offers that a user most likely responds to.

    Args:
        person: The user.
        k: Offers wanted.
        max_shown: An offer that was shown that often before is left out; 0 leaves none out.

    Returns:
        At most `k` offers, the best first.

    Raises:
        ValueError: Lists differ in length.
        ServingError: The server did not answer.
    """
    cap = np.array([max_shown], np.int32)
    inputs: Inputs = {**person_inputs(person), "k": number_wanted(k), "max_shown": cap}
    outputs = {"offer_ids": TEXT_ROWS, "texts": TEXT_ROWS, "probabilities": FLOAT_ROWS}
    return Call(RESPONSE_MODEL, RANK_OFFERS, inputs, _read_offers, outputs)


def explain_offer(person: Person, offer_id: str) -> Call[list[ExplainedFeature]]:
    """Says which features make a response to an offer likely or unlikely, the strongest first.

    Raises:
        ValueError: Lists differ in length.
        ServingError: The server did not answer.
    """
    inputs: Inputs = {**person_inputs(person), "offer_id": texts([offer_id])}
    outputs = {"names": TEXT_ROWS, "attributions": FLOAT_ROWS}
    return Call(RESPONSE_MODEL, EXPLAIN, inputs, _read_features, outputs)


def person_inputs(person: Person) -> Inputs:
    """Returns the inputs that say who is asked about.

    Raises:
        ValueError: Lists differ in length.
    """
    ids_name, outcomes_name, ages_name = SHOWN_INPUTS
    for name, values in {outcomes_name: person.shown_outcomes, ages_name: person.shown_age_seconds}.items():
        if values is not None and len(values) != len(person.shown_ids):
            raise ValueError(f"`{name}` must have one value for each of the {len(person.shown_ids)} ids.")
    outcomes = person.shown_outcomes if person.shown_outcomes is not None else [""] * len(person.shown_ids)
    ages = person.shown_age_seconds if person.shown_age_seconds is not None else [0.0] * len(person.shown_ids)
    return {
        **history_inputs(person.history_ids, person.history_types, person.history_age_seconds),
        ids_name: Row(texts(person.shown_ids), keep_last=True),
        outcomes_name: Row(texts(outcomes), keep_last=True),
        ages_name: Row(np.array(ages, np.float32), padding=0.0, keep_last=True),
        "now_seconds": np.array([person.now_seconds], np.int64),
        **{name: texts([value]) for name, value in (person.texts or {}).items()},
        **{name: np.array([value], np.float32) for name, value in (person.numbers or {}).items()},
    }


def _read_offers(outputs: Outputs) -> list[OfferAnswer]:
    return [
        OfferAnswer(id_of(offer_id), text_of(text), float(probability))
        for offer_id, text, probability in without_padding(outputs, "offer_ids", "texts", "probabilities")
    ]


def _read_features(outputs: Outputs) -> list[ExplainedFeature]:
    return [
        ExplainedFeature(text_of(name), float(attribution))
        for name, attribution in without_padding(outputs, "names", "attributions")
    ]


class ResponseCalls:
    """The methods of a client that ask the response model."""

    respond = ClientMethod(respond)
    offer_uplift = ClientMethod(offer_uplift)
    rank_offers = ClientMethod(rank_offers)
    explain_offer = ClientMethod(explain_offer)
