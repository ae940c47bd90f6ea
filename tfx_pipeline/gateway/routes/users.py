"""What the models say of a user; the history comes from the store."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from shelfwise_client import Answer
from shelfwise_client.call import Call
from shelfwise_client.calls.recommendation import explain_recommendation, recommend
from shelfwise_client.calls.segmentation import explain_segment, segment
from tfx_pipeline.gateway.api.products import Reason, ReasonForUser, Reasons, Recommendations
from tfx_pipeline.gateway.api.users import Label, PastEvent, Profile, Segments
from tfx_pipeline.gateway.api.values import Id
from tfx_pipeline.gateway.routes.answers import JsonAnswer, products_of, said_by
from tfx_pipeline.gateway.routes.fallback import best_sellers
from tfx_pipeline.gateway.routes.parameters import Filters, PathId, ToRead
from tfx_pipeline.gateway.served_models import ModelsAwayError, Said
from tfx_pipeline.gateway.store.records import History
from tfx_pipeline.gateway.store.store import StoreError

_LATEST = 20


class RecommendationFilters(Filters):
    """What recommendations may hold.

    Attributes:
        include_bought: Whether products that the user bought may come again.
    """

    include_bought: Annotated[bool, Field(description="Whether products that the user bought may come again.")] = True


router = APIRouter(prefix="/users/{user_id:id}", tags=["users"])


@router.get("/recommendations", response_model=Recommendations)
async def recommendations(
    user_id: PathId, filters: Annotated[RecommendationFilters, Query()], asked: ToRead
) -> JsonAnswer:
    """Recommend products to a user; one without events gets what sells."""
    parts, request_id = asked
    user = parts.users.of(user_id)
    events = 0
    headers: dict[str, str] = {}
    try:
        history = await parts.store.history(user)
        events = len(history.product_ids)
        said = await parts.models.ask(_recommend(history, parts.now(), filters), user)
    except (ModelsAwayError, StoreError) as error:
        best, headers = best_sellers(parts, filters, error)
        products, said = [each.model_dump() for each in best], Said([], "", 0)
    else:
        products = products_of(said.result, parts.catalogue)
    shown = [each["product_id"] for each in products]
    parts.impressions.show(user, request_id, "recommendations", shown, said.model, said.version)
    return JsonAnswer({**said_by(said, request_id), "products": products, "explored": 0, "events": events}, headers)


@router.get("/reasons")
async def reasons(
    user_id: PathId, product_id: Annotated[Id, Query(description="The product.")], asked: ToRead
) -> Reasons:
    """Say why a product is recommended to a user, in words."""
    parts, request_id = asked
    user = parts.users.of(user_id)
    history = await parts.store.history(user)
    why = explain_recommendation(product_id, history.product_ids, history.event_types, history.ages(parts.now()))
    said = await parts.models.ask(why, user)
    return Reasons(
        request_id=request_id,
        model=said.model,
        version=said.version,
        product_id=product_id,
        reasons=[
            ReasonForUser(text=each.reason, weight=each.attribution, product_id=each.about_id) for each in said.result
        ],
        events=len(history.product_ids),
    )


@router.get("/segments")
async def segments(user_id: PathId, asked: ToRead) -> Segments:
    """Give a user segments."""
    parts, request_id = asked
    user = parts.users.of(user_id)
    history = await parts.store.history(user)
    said = await parts.models.ask(segment(history.product_ids, history.event_types, history.ages(parts.now())), user)
    return Segments(
        request_id=request_id,
        model=said.model,
        version=said.version,
        segments=[Label(label=each.label, probability=each.probability) for each in said.result.segments],
        behaviour=said.result.behaviour,
        events=len(history.product_ids),
    )


@router.get("/profile")
async def profile(user_id: PathId, asked: ToRead) -> Profile:
    """Say what a user is like, and why that is thought."""
    parts, request_id = asked
    user = parts.users.of(user_id)
    history = await parts.store.history(user)
    given = (history.product_ids, history.event_types, history.ages(parts.now()))
    said = await parts.models.ask(segment(*given), user)
    why = await parts.models.ask(explain_segment(*given), user)
    columns = zip(history.product_ids, history.event_types, history.times, strict=True)
    latest = [
        PastEvent(product_id=product, title=parts.catalogue.title(product), event_type=kind, timestamp=at)
        for product, kind, at in columns
    ][: -_LATEST - 1 : -1]
    return Profile(
        request_id=request_id,
        model=said.model,
        version=said.version,
        segments=[Label(label=each.label, probability=each.probability) for each in said.result.segments],
        behaviour=said.result.behaviour,
        reasons=[Reason(text=each.token, weight=each.attribution) for each in why.result],
        events=len(history.product_ids),
        latest=latest,
    )


def _recommend(history: History, now: float, filters: RecommendationFilters) -> Call[list[Answer]]:
    return recommend(
        history.product_ids,
        history.event_types,
        history.ages(now),
        k=filters.k,
        category=filters.category,
        max_price=filters.max_price,
        in_stock_only=filters.in_stock_only,
        exclude_ids=filters.exclude_ids,
        include_bought=filters.include_bought,
    )
