"""Offers for a user."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from shelfwise_client.calls.response import Person, rank_offers
from tfx_pipeline.gateway.api.users import Offer, Offers
from tfx_pipeline.gateway.api.values import ShortText, Text
from tfx_pipeline.gateway.errors import Refused
from tfx_pipeline.gateway.exploring import MORE_CANDIDATES, explore
from tfx_pipeline.gateway.routes.parameters import K, PathId, ToRead

_MOST_TOLD = 50
_PLACEMENT = "placement"

router = APIRouter(tags=["users"])


@router.get("/users/{user_id:id}/offers")
async def offers(
    user_id: PathId,
    asked: ToRead,
    k: K = 10,
    max_shown: Annotated[
        int, Query(ge=0, le=1000, description="An offer that the user saw that often is left out; 0 leaves none out.")
    ] = 0,
    placement: Annotated[ShortText, Query(description="Where it is shown, as the log has it.")] = "offers",
    tell: Annotated[
        list[Text],
        Query(max_length=_MOST_TOLD, description="NAME=VALUE of what the model is told beside, such as device=phone."),
    ] = [],  # noqa: B006  FastAPI wants a literal default.
) -> Offers:
    """Find the current offers that a user most likely responds to; what the user saw before comes from the store."""
    parts, request_id = asked
    user = parts.users.of(user_id)
    now = parts.now()
    history = await parts.store.history(user)
    shown = await parts.impressions.seen_offers(user)
    person = Person(
        history_ids=history.product_ids,
        history_types=history.event_types,
        history_age_seconds=history.ages(now),
        shown_ids=[each.offer_id for each in shown],
        shown_outcomes=[each.outcome for each in shown],
        shown_age_seconds=[max(now - each.at, 0.0) for each in shown],
        now_seconds=int(now),
    )
    share = parts.options.explore
    wanted = k + MORE_CANDIDATES if share else k
    inputs = await parts.models.told_inputs(rank_offers(person))
    texts, numbers = _told(inputs, [f"{_PLACEMENT}={placement}", *tell] if _PLACEMENT in inputs else tell)
    person = replace(person, texts=texts, numbers=numbers)
    said = await parts.models.ask(rank_offers(person, k=wanted, max_shown=max_shown), user)
    ranked = [Offer(offer_id=each.offer_id, text=each.text, probability=each.probability) for each in said.result]
    made = explore(ranked, k, share, parts.shown_offers, parts.random) if share else None
    answer = made.offers if made is not None else ranked
    ids = [each.offer_id for each in answer]
    parts.shown_offers.update(ids)
    parts.impressions.show(
        user,
        request_id,
        placement,
        ids,
        said.model,
        said.version,
        offers=True,
        propensities=made.propensities if made is not None else (),
    )
    return Offers(
        request_id=request_id,
        model=said.model,
        version=said.version,
        offers=answer,
        explored=made.place if made is not None else 0,
    )


def _told(inputs: Mapping[str, bool], tell: Sequence[str]) -> tuple[dict[str, str], dict[str, float]]:
    """Returns the texts and the numbers that the model is told; what is not known is empty or NaN."""
    texts = {name: "" for name, is_text in inputs.items() if is_text}
    numbers = {name: float("nan") for name, is_text in inputs.items() if not is_text}
    for each in tell:
        name, separator, value = each.partition("=")
        if not separator or name not in inputs:
            known = ", ".join(sorted(inputs)) or "nothing"
            raise Refused(422, f"`tell`: expected NAME=VALUE, where NAME is one of {known}; got {each!r:.80}.")
        if name in texts:
            texts[name] = value
            continue
        try:
            numbers[name] = float(value)
        except ValueError:
            raise Refused(422, f"`tell`: `{name}` is a number, got {value!r:.80}.") from None
    return texts, numbers
