"""Products beside products."""

from typing import Annotated

from fastapi import APIRouter, Query

from shelfwise_client.calls.recommendation import bought_together, similar
from shelfwise_client.calls.search import explain_search
from tfx_pipeline.gateway.api.products import ProductPage, Reason, Similar, Together, TogetherProduct
from tfx_pipeline.gateway.api.values import Id, Text
from tfx_pipeline.gateway.errors import Refused
from tfx_pipeline.gateway.routes.answers import JsonAnswer, products_of, said_by
from tfx_pipeline.gateway.routes.parameters import K, OptionalUser, PathId, ToRead

_MOST_TOGETHER = 10
_MOST_CHARACTERS = 1000

router = APIRouter(tags=["products"])


@router.get("/products/{product_id:id}/similar", response_model=Similar)
async def similar_products(product_id: PathId, asked: ToRead, k: K = 10, user_id: OptionalUser = "") -> JsonAnswer:
    """Find the products that may stand for one; an unknown product has none."""
    parts, request_id = asked
    user = parts.users.of(user_id) if user_id else ""
    said = await parts.models.ask(similar(product_id, k), user)
    products = products_of(said.result, parts.catalogue)
    shown = [each["product_id"] for each in products]
    parts.impressions.show(user, request_id, "similar", shown, said.model, said.version)
    return JsonAnswer({**said_by(said, request_id), "products": products})


@router.get("/together")
async def together(
    product_ids: Annotated[list[Id], Query(min_length=1, max_length=_MOST_TOGETHER)],
    asked: ToRead,
    k: K = 10,
    user_id: OptionalUser = "",
) -> Together:
    """Find what is bought together with at most ten products."""
    parts, request_id = asked
    user = parts.users.of(user_id) if user_id else ""
    said = await parts.models.ask(bought_together(product_ids, k), user)
    products = [
        TogetherProduct(
            product_id=each.product_id,
            title=each.title,
            confidence=each.confidence,
            lift=each.lift,
            source=each.source,
            **parts.catalogue.facts(each.product_id),
        )
        for each in said.result
    ]
    shown = [each.product_id for each in products]
    parts.impressions.show(user, request_id, "together", shown, said.model, said.version)
    return Together(request_id=request_id, model=said.model, version=said.version, products=products)


@router.get("/products/{product_id:id}")
async def product(
    product_id: PathId,
    asked: ToRead,
    q: Annotated[Text, Query(max_length=_MOST_CHARACTERS, description="The query that found it.")] = "",
) -> ProductPage:
    """Say what the catalogue has of a product and, with a query, why that finds it."""
    parts, request_id = asked
    found = parts.catalogue.product(product_id)
    if found is None:
        raise Refused(404, f"The catalogue has no product {product_id!r:.200}.")
    words = (await parts.models.ask(explain_search(q, product_id))).result if q else []
    reasons = [Reason(text=each.word, weight=each.lexical + each.dense) for each in words]
    return ProductPage(request_id=request_id, product=found, words=reasons)
